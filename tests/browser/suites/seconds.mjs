// The sub-second heat map of a process that works for three tenths of each second. Against the real server and kernel.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { assertAccessible, shoot } from '../lib/browser.mjs';
import { live, operatorOf, stop } from '../lib/operator.mjs';
import { findBinary, Tracedeck } from '../lib/tracedeck.mjs';

const names = {
  shown: 'sub-second heat map: when samples came, a range of tenths as a flame graph, a second range to compare with',
  keys: 'sub-second heat map: cells are read and ranges chosen by keys',
};

const HICCUP = 'setInterval(() => { const begun = Date.now(); while (Date.now() - begun < 300); }, 1000)';

export async function seconds(report, browser, { screenshots }) {
  const { path, reason } = findBinary();
  if (path === null) {
    for (const name of Object.values(names)) report.skip(name, reason);
    return;
  }
  const server = await Tracedeck.start(path);
  const hiccup = spawn(process.execPath, ['-e', HICCUP], { stdio: 'ignore' });
  try {
    const operator = operatorOf(browser, server);
    const run = {};
    await report.test(names.shown, () => operator('/write', (page) => shown(page, hiccup.pid, screenshots, run)));
    await report.test(names.keys, () => operator(run.path, (page) => byKeys(page, run)));
  } finally {
    hiccup.kill();
    await server.stop();
  }
}

async function shown(page, pid, screenshots, run) {
  await page.locator('.cm-content').fill(`profile:hz:199 /pid == ${pid}/ { @stacks[comm, ustack(5)] = count(); }`);
  await page.getByRole('button', { name: /^Run/ }).click();
  await live(page);
  await page.getByRole('treeitem').first().waitFor();
  await page.getByRole('button', { name: 'Heat map' }).click();
  await page.getByTestId('seconds').getByText(/^A column is a second/).waitFor();
  // It grows while the run does.
  await page.waitForFunction(() => document.querySelector('[data-testid="seconds"] canvas').clientWidth >= 18 * 7, null, { timeout: 60_000 });
  await stop(page);
  run.path = `${new URL(page.url()).pathname}?show=%40stacks&times=1`;
  await page.goto(new URL(run.path, page.url()).href);
  await page.getByTestId('seconds').getByText(/^A column is a second/).waitFor();
  const secret = await page.evaluate(() => sessionStorage.getItem('tracedeck.secret'));
  const times = await page.evaluate(async ([address, secret]) => (await fetch(address, { headers: { Authorization: `Bearer ${secret}` } })).json(), [`/api/runs/${new URL(page.url()).pathname.slice(3)}/samples?map=%40stacks`, secret]);
  assert.equal(times.step_ms, 100);
  const total = (from, to) => times.samples.slice(from, to).reduce((sum, count) => sum + count, 0);
  const all = total(0);
  assert.ok(all > 200, `${all} samples`);
  // Work and rest alternate: within any second most samples lie in a few of its tenths.
  const busiest = (second) => times.samples.slice(second * 10, second * 10 + 10).sort((a, b) => b - a).slice(0, 5).reduce((sum, count) => sum + count, 0);
  const [first, other] = [2, 4];
  for (const second of [first, other]) assert.ok(busiest(second) > 0.9 * total(second * 10, second * 10 + 10) && busiest(second) > 20, `second ${second}: ${times.samples.slice(second * 10, second * 10 + 10)}`);

  // Two seconds, from the first tenth of one to the last of the next.
  const canvas = page.getByTestId('seconds').locator('canvas');
  const drag = async (from, to) => {
    const box = await canvas.boundingBox();
    const column = box.width / Math.ceil(times.samples.length / 10);
    const at = (cell) => [box.x + (Math.floor(cell / 10) + 0.5) * column, box.y + (9.5 - (cell % 10)) * (box.height / 10)];
    await page.mouse.move(...at(from));
    await page.mouse.down();
    await page.mouse.move(...at(to), { steps: 4 });
    await page.mouse.up();
  };
  await drag(first * 10, first * 10 + 19);
  await page.waitForURL(/from=2000&to=4000/);
  const shown = async () => Number(await page.getByTestId('flame').getAttribute('data-total'));
  // The graph is of the states before the ends of the range: at each, what came in a tenth may be on the other side.
  const close = async (wanted, slack) => {
    await page.waitForFunction(([wanted, slack]) => Math.abs(Number(document.querySelector('[data-testid="flame"]').dataset.total) - wanted) <= slack, [wanted, slack]).catch(async () => assert.fail(`${await shown()} samples in the graph, ${wanted} in the cells`));
  };
  assert.ok(total(first * 10, first * 10 + 20) > 60, `${times.samples}`);
  await close(total(first * 10, first * 10 + 20), 45);
  await page.getByTestId('range').getByText('00:02 to 00:04').waitFor();

  // Three tenths in which nothing happened have no graph, and say so.
  const quiet = Array.from({ length: times.samples.length - 4 }, (_, cell) => cell).find((cell) => cell > 20 && total(cell - 1, cell + 4) === 0);
  assert.ok(quiet !== undefined, `there is no rest in ${times.samples}`);
  await drag(quiet, quiet + 2);
  await page.getByText('No samples came in this stretch').waitFor();

  // A second range: what the first is compared with.
  await drag(first * 10, first * 10 + 19);
  await page.getByRole('treeitem').first().waitFor();
  await page.getByRole('button', { name: 'Second range' }).click();
  await drag(other * 10, other * 10 + 19);
  await page.waitForURL(/vs=range%3A4000-6000/);
  await page.getByTestId('compared').getByText('compared with 00:04 to 00:06').waitFor();
  await page.getByText('less').waitFor();
  await assertAccessible(page, 'sub-second heat map');
  await shoot(page, screenshots, 'seconds');
  const compared = new URL(page.url()).search;
  await page.reload();
  await page.getByTestId('compared').getByText('compared with 00:04 to 00:06').waitFor();
  await page.getByRole('button', { name: 'All of it' }).click();
  await close(all, 5);
  assert.equal(await page.getByTestId('compared').count(), 0, 'the comparison stays without its range');
  run.compared = compared;
}

async function byKeys(page, run) {
  assert.ok(run.compared, 'there is no run');
  const cells = page.getByRole('application', { name: /^Sub-second heat map of @stacks/ });
  await page.getByTestId('seconds').getByText(/^A column is a second/).waitFor();
  await cells.focus();
  await page.keyboard.press('ArrowUp');
  const hint = page.getByTestId('seconds-hint');
  const start = /^(\d+:\d+(?:\.\d)?) to /.exec(await hint.textContent())?.[1];
  assert.ok(start, await hint.textContent());
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Shift+ArrowLeft');
  await page.keyboard.press('Shift+ArrowUp');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => new URLSearchParams(location.search).has('from'));
  const { from, to } = Object.fromEntries(new URL(page.url()).searchParams);
  assert.equal((Number(from) % 100) + (Number(to) % 100), 0, `${from} to ${to}`);
  // From a tenth back over a second, and one up: the nine tenths between and both ends.
  assert.equal(Number(to) - Number(from), 1000, `${from} to ${to}`);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+Enter');
  await page.waitForFunction(() => new URLSearchParams(location.search).get('vs')?.startsWith('range:'));
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !new URLSearchParams(location.search).has('from'));
}
