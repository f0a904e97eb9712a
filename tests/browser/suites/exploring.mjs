// Screens that lead to a run: probes, the course, what is on this box, settings. Against the real server.
import assert from 'node:assert/strict';
import { assertAccessible, shoot } from '../lib/browser.mjs';
import { live, operatorOf, stop } from '../lib/operator.mjs';
import { busyProcess, findBinary, Tracedeck } from '../lib/tracedeck.mjs';

const names = {
  tree: 'probes: the tree leads to a tracepoint, its arguments have types, and a press times it',
  search: 'probes: a few letters find one, and it is inserted into the script',
  program: 'probes: functions of a program by its process, and a file that is none says so',
  phone: 'probes: on a phone the list gives way to the probe and comes back',
};

export async function exploring(report, browser, { screenshots }) {
  const { path, reason } = findBinary();
  if (path === null) {
    for (const name of Object.values(names)) report.skip(name, reason);
    return;
  }
  const server = await Tracedeck.start(path);
  const busy = busyProcess();
  try {
    await probes(report, operatorOf(browser, server), screenshots, busy.pid);
  } finally {
    busy.kill();
    await server.stop();
  }
}

async function probes(report, operator, screenshots, pid) {
  await report.test(names.tree, () =>
    operator('/', async (page) => {
      await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
      await page.keyboard.press('p');
      await page.locator('summary', { hasText: /^tracepoint/ }).first().click();
      await page.locator('summary', { hasText: /^syscalls/ }).click();
      await page.getByRole('button', { name: 'sys_enter_write', exact: true }).click();
      await page.getByText('const char * buf').waitFor();
      await assertAccessible(page, 'probes');
      await shoot(page, screenshots, 'probes-tree');
      await page.getByRole('button', { name: 'Run Latency histogram' }).click();
      await live(page);
      await page.locator('figure').first().waitFor();
      await stop(page);
    }));

  await report.test(names.search, () =>
    operator('/probes', async (page) => {
      await page.getByLabel('Find a probe').fill('schswitch');
      await page.getByRole('button', { name: 'tracepoint:sched:sched_switch', exact: true }).waitFor();
      const focused = () => page.evaluate(() => document.activeElement.textContent);
      for (let presses = 0; presses < 9 && (await focused()) !== 'tracepoint:sched:sched_switch'; presses += 1) await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.getByText('prev_comm').waitFor();
      assert.equal(await page.getByRole('button', { name: 'Run Latency histogram' }).count(), 0, 'a latency without an end');
      assert.equal(new URL(page.url()).searchParams.get('find'), 'schswitch');
      await shoot(page, screenshots, 'probes-search');
      await page.getByLabel('Find a probe').fill('zzzqqq');
      await page.getByText('Nothing has these letters').waitFor();
      await page.getByRole('button', { name: 'Insert into the script' }).click();
      await page.getByRole('textbox', { name: 'Script' }).waitFor();
      await page.getByRole('textbox', { name: 'Script' }).getByText(/sched_switch/).waitFor();
    }));

  await report.test(names.program, () =>
    operator('/probes', async (page) => {
      await page.getByRole('button', { name: 'Program' }).click();
      await page.getByText('Choose a process, or give').waitFor();
      await shoot(page, screenshots, 'probes-program-empty');
      await page.getByLabel('Process').selectOption(String(process.pid));
      await page.getByLabel('Find a probe').fill('uv_run');
      await page.getByRole('button', { name: 'uprobe uv_run', exact: true }).click();
      await page.getByText('Arguments by number').waitFor();
      await page.getByRole('button', { name: 'Run Latency histogram' }).waitFor();
      await assertAccessible(page, 'functions of a program');
      await shoot(page, screenshots, 'probes-program');
      await page.getByLabel('Process').selectOption('');
      await page.getByRole('textbox', { name: 'Path' }).fill('/etc/passwd');
      await page.getByRole('textbox', { name: 'Path' }).press('Enter');
      await page.getByRole('alert').filter({ hasText: 'not an ELF' }).waitFor();
      assert.ok(pid > 0);
    }));

  await report.test(names.phone, () =>
    operator('/probes?find=sched_switch&probe=tracepoint:sched:sched_switch', async (page) => {
      await page.getByText('prev_comm').waitFor();
      await shoot(page, screenshots, 'probes-phone');
      await page.getByRole('button', { name: 'All probes' }).click();
      await page.getByRole('button', { name: 'tracepoint:sched:sched_switch', exact: true }).waitFor();
    }, { viewport: { width: 390, height: 800 } }));
}
