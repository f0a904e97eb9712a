// Screens that lead to a run: probes, the course, what is on this box, settings. Against the real server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { assertAccessible, shoot } from '../lib/browser.mjs';
import { live, operatorOf, stop } from '../lib/operator.mjs';
import { Skip } from '../lib/report.mjs';
import { busyProcess, findBinary, Tracedeck } from '../lib/tracedeck.mjs';

const names = {
  tree: 'probes: the tree leads to a tracepoint, its arguments have types, and a press times it',
  search: 'probes: a few letters find one, and it is inserted into the script',
  program: 'probes: functions of a program by its process, and a file that is none says so',
  learn: 'learn: a step runs beside its text, is ticked off, and leads to the next',
  lacking: 'learn: a step that this kernel cannot run says so before Run',
  box: 'on this box: a run with its cost, programs of another process, and Stop',
  settings: 'settings: theme and text size last, and the server says what it keeps',
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
    const operator = operatorOf(browser, server);
    await probes(report, operator, screenshots, busy.pid);
    await learn(report, operator, screenshots);
    await box(report, operator, screenshots, path);
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
      // Whether this Node carries debug information is its packager's choice.
      await page.getByText(/Arguments by number|uv_loop_t \* loop/).waitFor();
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

async function learn(report, operator, screenshots) {
  await report.test(names.learn, () =>
    operator('/', async (page) => {
      await page.getByRole('link', { name: 'Learn' }).click();
      await page.getByRole('heading', { name: 'Hello' }).waitFor();
      await assertAccessible(page, 'learn');
      await shoot(page, screenshots, 'learn');
      await page.getByRole('link', { name: 'Next: What there is to trace' }).click();
      await page.keyboard.press('Control+Enter');
      await live(page);
      await page.locator('td.value').first().waitFor();
      await page.getByRole('complementary', { name: 'Step of the course' }).getByText('sched_switch').waitFor();
      await assertAccessible(page, 'a step beside its run');
      await shoot(page, screenshots, 'learn-run');
      await stop(page);
      await page.getByRole('link', { name: /^Next: / }).click();
      await page.getByRole('heading', { name: 'Tracepoints and their arguments' }).waitFor();
      await page.getByText('1 of 19 done').waitFor();
      await page.reload();
      await page.getByText('1 of 19 done').waitFor();
    }));

  await report.test(names.lacking, () =>
    operator('/learn', async (page) => {
      const lacking = page.getByRole('navigation', { name: 'Steps of the course' }).getByRole('link').filter({ hasText: 'not here' });
      await page.getByRole('heading', { name: 'Hello' }).waitFor();
      if ((await lacking.count()) === 0) throw new Skip('this kernel can run every step');
      await lacking.first().click();
      await page.getByText('Not on this machine').waitFor();
      assert.equal(await page.getByRole('button', { name: /^Run/ }).isDisabled(), true);
      await shoot(page, screenshots, 'learn-lacking');
    }));
}

async function box(report, operator, screenshots, binary) {
  await report.test(names.box, async () => {
    // The terminal command is a process like any other: what it attaches is not the server's.
    const other = spawn(binary, ['run', '-e', 'interval:s:1 { @n = count(); }'], { stdio: 'ignore' });
    try {
      await operator('/learn/maps', async (page) => {
        await page.getByRole('heading', { name: 'Maps' }).waitFor();
        await page.keyboard.press('Control+Enter');
        await live(page);
        await page.getByRole('link', { name: 'This box' }).click();
        const ours = page.getByRole('region', { name: 'Runs of this server' });
        await ours.getByRole('link', { name: 'Maps' }).waitFor();
        await ours.getByRole('cell', { name: /\d\.\d %/ }).first().waitFor();
        await page.getByRole('region', { name: 'Of others' }).getByRole('cell', { name: String(other.pid), exact: true }).waitFor();
        await assertAccessible(page, 'on this box');
        await shoot(page, screenshots, 'box');
        await page.getByRole('button', { name: 'Stop Maps' }).click();
        await page.getByText('Nothing is attached by this server').waitFor();
      });
    } finally {
      other.kill();
    }
  });

  await report.test(names.settings, () =>
    operator('/settings', async (page) => {
      await page.getByLabel('Dark').check();
      await page.getByLabel('Larger').check();
      await page.getByText('Up to 1,024 MiB').waitFor();
      await page.reload();
      await page.getByLabel('Larger').waitFor();
      assert.equal(await page.getByLabel('Larger').isChecked(), true);
      assert.deepEqual(await page.evaluate(() => ({ ...document.documentElement.dataset })), { theme: 'dark', text: 'larger' });
      await assertAccessible(page, 'settings');
      await page.getByLabel('Normal').check();
      await page.getByLabel('As the system').check();
      await shoot(page, screenshots, 'settings');
    }));
}
