// Every screen and chart over the stand-in server: strict policy, accessibility, hostile names, reconnecting.
import assert from 'node:assert/strict';
import { assertAccessible, assertClean, openPage, pointAt, shoot } from '../lib/browser.mjs';
import { startMock } from '../lib/mock.mjs';

export async function screens(report, browser, { screenshots }) {
  const server = await startMock();
  const signedIn = async (path, options) => {
    const opened = await openPage(browser, options);
    await opened.page.goto(`${server.origin}${path}#k=good`);
    return opened;
  };
  const inPage = async (path, body, options) => {
    const opened = await signedIn(path, options);
    try {
      await body(opened.page, opened);
      await assertClean(opened.page, opened.problems);
    } finally {
      await opened.context.close();
    }
  };

  await report.test('a page without a session says which link to open', async () => {
    const { page, context, problems } = await openPage(browser);
    await page.goto(server.origin);
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor();
    await assertAccessible(page, 'sign-in');
    await assertClean(page, problems);
    await shoot(page, screenshots, 'sign-in');
    await context.close();
  });

  await report.test('the token leaves the address bar', () =>
    inPage('/', async (page) => {
      await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
      assert.equal(new URL(page.url()).hash, '');
    }));

  await report.test('the start page shows the cards, the CPU flame graph first', () =>
    inPage('/', async (page) => {
      const titles = await page.locator('article h2').allTextContents();
      await page.locator('article').first().waitFor();
      assert.equal((await page.locator('article h2').first().textContent()), 'CPU flame graph', String(titles));
      await page.getByRole('row').nth(1).waitFor();
      await assertAccessible(page, 'home');
      await shoot(page, screenshots, 'mock-home');
    }));

  const ready = { flame: '[data-testid="flame"] [role="treeitem"]', table: 'td.value', histogram: 'figure', log: '.row', waiting: '[data-testid="empty"]', failed: '[data-testid="problems"]', died: 'td.value' };
  for (const [id, selector] of Object.entries(ready)) {
    await report.test(`the ${id} screen is complete, accessible and within the policy`, () =>
      inPage(`/r/${id}`, async (page) => {
        await page.locator(selector).first().waitFor();
        await page.waitForTimeout(300);
        await assertAccessible(page, id);
        await shoot(page, screenshots, `mock-${id}`);
      }, { viewport: { width: 1280, height: 800 } }));
  }

  await report.test('the explorer: idle chip, module colours, inverted, sandwich, functions, diff', () =>
    inPage('/r/flame', async (page) => {
      const total = async () => Number(await page.getByTestId('flame').getAttribute('data-total'));
      await page.getByRole('treeitem').first().waitFor();
      assert.equal(await total(), 935, 'idle samples are not hidden');
      await page.getByTestId('idle').click();
      await page.getByRole('treeitem', { name: /^mwait_idle/ }).waitFor();
      assert.equal(await total(), 1005);
      await page.goBack();
      await page.getByTestId('idle').filter({ hasText: 'hidden' }).waitFor();
      assert.equal(await total(), 935, 'Back does not hide idle again');

      await pointAt(page, page.getByRole('treeitem', { name: /^0x7f32aa10/ }));
      assert.match(await page.getByTestId('tip').textContent(), /perf-PID\.map/, 'an unresolved frame does not say why');
      await shoot(page, screenshots, 'mock-flame-tip');

      await page.getByRole('button', { name: 'Module', exact: true }).click();
      await page.getByRole('list', { name: 'Colours' }).getByText('postgres').waitFor();
      await shoot(page, screenshots, 'mock-flame-modules');
      await page.getByRole('button', { name: 'Kind', exact: true }).click();

      await page.keyboard.press('i');
      await page.getByRole('treeitem', { name: /^slot_deform/ }).waitFor();
      assert.equal(await page.getByRole('treeitem', { name: /^slot_deform/ }).getAttribute('aria-level'), '2', 'the innermost function is not at the root');
      await page.keyboard.press('i');

      const query = page.getByRole('treeitem', { name: /^exec_simple_query/ });
      await query.waitFor();
      await pointAt(page, query);
      await page.keyboard.press('s');
      await page.getByTestId('sandwich').waitFor();
      assert.match(await page.getByTestId('sandwich').textContent(), /exec_simple_query, 84\.5 % of all/);
      await page.getByRole('tree', { name: 'Callees' }).getByRole('treeitem', { name: /^ExecSort/ }).waitFor();
      await assertAccessible(page, 'sandwich');
      await shoot(page, screenshots, 'mock-flame-sandwich');
      await page.keyboard.press('Escape');

      await page.keyboard.press('t');
      await page.getByRole('button', { name: 'copy_page_to_iter' }).waitFor();
      await page.getByRole('columnheader', { name: 'total' }).getByRole('button').click();
      assert.match(page.url(), /[?&]order=total/);
      await page.reload();
      await page.locator('th[aria-sort=descending]', { hasText: 'total' }).waitFor();
      await assertAccessible(page, 'functions');
      await shoot(page, screenshots, 'mock-flame-functions');
      await page.keyboard.press('t');
      await page.keyboard.press('t');

      await page.keyboard.press('d');
      await page.getByRole('menuitem', { name: /first 10 s/ }).click();
      await page.getByTestId('compared').waitFor();
      await page.getByRole('treeitem', { name: /[+−]\d+\.\d %/ }).first().waitFor();
      assert.equal(new URL(page.url()).searchParams.get('vs'), 'at:10000');
      await assertAccessible(page, 'diff');
      await shoot(page, screenshots, 'mock-flame-diff');
    }, { viewport: { width: 1280, height: 800 } }));

  await report.test('time: the strip shows rates and losses, a drag chooses a stretch, Live goes back', () =>
    inPage('/r/table', async (page) => {
      const strip = page.getByRole('slider', { name: /Time of the run/ });
      await strip.locator('rect.loss').first().waitFor({ state: 'attached' });
      await shoot(page, screenshots, 'mock-time');
      const box = await strip.boundingBox();
      await page.mouse.move(box.x + box.width * 0.25, box.y + 10);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.5, box.y + 10, { steps: 3 });
      await page.mouse.up();
      await page.waitForURL(/from=\d+&to=\d+/);
      assert.match(await page.getByTestId('range').textContent(), /^00:1\d to 00:2\d$/);
      await page.getByRole('button', { name: 'Live' }).click();
      assert.equal(new URL(page.url()).search, '');
      await strip.focus();
      await page.keyboard.press('ArrowLeft');
      await page.waitForURL(/to=\d+/);
      await page.keyboard.press('End');
      assert.equal(await page.getByTestId('range').textContent(), '');
      assert.equal(await strip.getAttribute('aria-valuetext'), 'Live');
      await assertAccessible(page, 'time strip');
    }, { viewport: { width: 1280, height: 800 } }));

  await report.test('a histogram over time is a heat map; a cell is read out and shows its seconds', () =>
    inPage('/r/histogram?show=%40usecs&as=heatmap', async (page) => {
      const cells = page.getByRole('application', { name: /Heat map/ });
      await cells.waitFor();
      await page.getByTestId('heat-hint').filter({ hasText: '12 buckets of µs' }).waitFor();
      await cells.focus();
      await page.keyboard.press('ArrowUp');
      await page.getByTestId('heat-hint').filter({ hasText: /\d\d:\d\d to \d\d:\d\d, \[\d+, \d+\) µs: [\d,]+ values/ }).waitFor();
      await assertAccessible(page, 'heat map');
      await shoot(page, screenshots, 'mock-heatmap');
      await page.keyboard.press('Enter');
      await page.waitForURL(/from=\d+&to=\d+/);
    }, { viewport: { width: 1280, height: 800 } }));

  await report.test('a series is read point by point, and a drag over it shows its seconds everywhere', () =>
    inPage('/r/histogram?show=%40queue', async (page) => {
      const line = page.getByRole('application', { name: /^60 points, from / });
      await line.locator('canvas').waitFor();
      const told = page.getByTestId('series-value');
      await told.filter({ hasText: /^newest \d+, highest \d+, every 1,000 ms/ }).waitFor();
      await line.focus();
      await page.keyboard.press('Home');
      await told.filter({ hasText: /^\d\d:\d\d:\d\d: 40/ }).waitFor();
      await page.keyboard.press('ArrowRight');
      await told.filter({ hasText: /: 46/ }).waitFor();
      await assertAccessible(page, 'series');
      await shoot(page, screenshots, 'mock-series');
      const over = line.locator('.u-over');
      await over.hover({ position: { x: 200, y: 20 } });
      await page.mouse.down();
      await over.hover({ position: { x: 500, y: 20 } });
      await page.mouse.up();
      await page.waitForURL(/from=\d+&to=\d+/);
    }, { viewport: { width: 1280, height: 800 } }));

  await report.test('a table sorts, filters, shows the top and copies; all of it is in the link', () =>
    inPage('/r/table?show=%40calls', async (page, { context }) => {
      await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.origin });
      const first = () => page.locator('tbody td.key').first().textContent();
      await page.locator('td.value').first().waitFor();
      assert.equal(await first(), 'postgres');
      await page.getByRole('button', { name: /^comm/ }).click();
      await page.waitForURL(/sort=0/);
      assert.equal(await first(), 'bash');
      await page.getByLabel('Filter rows of @calls').fill('sys');
      await page.getByText('2 rows of 10').waitFor();
      await page.getByRole('button', { name: 'Copy as TSV' }).click();
      await page.getByText('2 rows copied').waitFor();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'comm\tcount\nrsyslogd\t8489\nsystemd-journal\t26420\n');
      await shoot(page, screenshots, 'mock-table-tools');
      await page.getByLabel('Filter rows of @calls').fill('nobody');
      await page.getByText('No row matches').waitFor();
      await page.goto(`${server.origin}/r/table?show=%40calls&top=10&sort=-value`);
      await page.locator('td.value').first().waitFor();
      assert.equal(await first(), 'python3');
    }));

  await report.test('a table whose keys have parts is grouped by one of them, and the link keeps it', () =>
    inPage('/r/table?show=%40bytes', async (page) => {
      await page.locator('td.value').first().waitFor();
      assert.deepEqual(await page.locator('thead .sort').allTextContents(), ['pid', 'comm', 'sum, bytes ↓', 'per second']);
      await page.getByLabel('Group by').selectOption('comm');
      await page.waitForURL(/group=1/);
      assert.deepEqual(await page.locator('thead .sort').allTextContents(), ['comm', 'sum, bytes ↓', 'per second']);
      await page.reload();
      await page.locator('td.value').first().waitFor();
      assert.equal(await page.locator('tbody td.key').first().textContent(), 'postgres');
      assert.equal(await page.locator('tbody td.value').first().textContent(), '18,446,744,073,709,551,615');
      await page.getByLabel('Group by').selectOption('all parts');
      await page.waitForURL((url) => !url.search.includes('group'));
    }, { viewport: { width: 1280, height: 800 } }));

  await report.test('a log is filtered by a pattern', () =>
    inPage('/r/log', async (page) => {
      await page.locator('.row').first().waitFor();
      await page.getByLabel('Filter lines').fill('bash.*segment-1199[0-9]$');
      await page.getByText('3 lines match').waitFor();
      await shoot(page, screenshots, 'mock-log-filter');
      await page.getByLabel('Filter lines').fill('nothing of the kind');
      await page.getByRole('button', { name: 'Clear the filter' }).click();
      await page.getByText('segment-11999').waitFor();
    }));

  await report.test('two of several panels stand side by side, and the link keeps it', () =>
    inPage('/r/histogram', async (page) => {
      await page.getByRole('tab', { name: '@usecs', exact: true }).click();
      await page.getByRole('tab', { name: '@size' }).click({ modifiers: ['Control'] });
      await page.waitForURL(/show=%40usecs%2C%40size/);
      assert.equal(await page.locator('section.panel').count(), 2);
      await page.reload();
      await page.locator('section.panel').nth(1).waitFor();
      assert.equal(await page.locator('section.panel').count(), 2);
      await shoot(page, screenshots, 'mock-side-by-side');
    }));

  await report.test('the editor works under the policy: colours, underline, message, help', () =>
    inPage('/write', async (page) => {
      const editor = page.getByRole('textbox', { name: 'Script' });
      await editor.click();
      await page.keyboard.press('Control+a');
      await page.keyboard.type('BEGIN { prinft("hi"); }');
      await page.locator('.cm-lintRange-error').waitFor();
      assert.equal(await page.locator('.cm-lintRange-error').textContent(), 'prinft');
      assert.match(await page.getByTestId('problems').textContent(), /Unknown function: 'prinft'.*Did you mean 'printf'\?/);
      const decoration = await page.locator('.cm-lintRange-error').evaluate((node) => getComputedStyle(node).textDecorationStyle);
      assert.equal(decoration, 'wavy');
      await assertAccessible(page, 'editor');
      await shoot(page, screenshots, 'mock-write');
    }));

  await report.test('names chosen by traced processes are text in every view', () =>
    inPage('/r/hostile', async (page) => {
      await page.getByRole('tab', { name: 'All' }).click();
      await page.getByTestId('map-@names').locator('td.value').first().waitFor();
      for (const name of ['@names', '@times', '@sizes', '@last', 'Log']) {
        await page.getByRole('tab', { name, exact: true }).click();
        await page.waitForTimeout(50);
      }
      await page.getByRole('tab', { name: '@stacks' }).click();
      const frame = page.getByRole('treeitem').nth(4);
      await pointAt(page, frame);
      await page.getByTestId('tip').waitFor();
      await page.mouse.down();
      await page.mouse.up();
      await page.waitForURL(/zoom=/);
      await page.getByLabel('Search frames').fill('<script>');
      await page.getByRole('button', { name: 'Functions' }).click();
      await page.getByRole('button', { name: 'Stacks' }).click();
      await page.locator('summary').first().click();
      await page.keyboard.press('e');
      await page.getByRole('textbox', { name: 'Script' }).waitFor();
      const strange = await page.evaluate(() => document.querySelectorAll('#app script, #app iframe, #app img, #app math, #app [onclick], #app [onerror], #app a[href^="javascript"]').length);
      assert.equal(strange, 0);
      assert.match(await page.title(), /^<script>/);
    }));

  await report.test('a lost connection is shown, and the page comes back by itself', () =>
    inPage('/r/table', async (page) => {
      await page.locator('td.value').first().waitFor();
      server.dropConnections();
      await page.getByTestId('connection').waitFor();
      await page.getByTestId('connection').waitFor({ state: 'detached' });
      server.broadcast({ type: 'update', sequence: 11, at_ms: 43_000, lost: [{ id: 1, cause: 'ring-full', text: 'events were lost', total: 4321, at_ms: 43_000, is_loss: true }] });
      await page.getByText('4,321 lost').waitFor();
    }));

  await report.test('a page that the server let go says so, and comes back when asked to', () =>
    inPage('/r/table', async (page) => {
      await page.locator('td.value').first().waitFor();
      server.broadcast({ type: 'evicted', seconds: 10 });
      server.dropConnections();
      await page.getByTestId('evicted').getByText('This page read nothing for 10 s').waitFor();
      await page.getByTestId('connection').filter({ hasText: 'Too slow' }).waitFor();
      await assertAccessible(page, 'evicted');
      await shoot(page, screenshots, 'evicted');
      // A reconnect of its own would have come by now.
      await page.waitForTimeout(2000);
      server.broadcast({ type: 'update', sequence: 11, at_ms: 43_000, events: 4400, lost: [{ id: 1, cause: 'ring-full', text: 'events were lost', total: 77, at_ms: 43_000, is_loss: true }] });
      assert.equal(await page.getByText('77 lost').count(), 0, 'it came back unasked');
      await page.getByTestId('evicted').getByRole('button', { name: 'Watch again' }).click();
      await page.getByTestId('state').waitFor();
      await page.getByTestId('evicted').waitFor({ state: 'detached' });
      server.broadcast({ type: 'update', sequence: 12, at_ms: 44_000, events: 4500, lost: [{ id: 1, cause: 'ring-full', text: 'events were lost', total: 4321, at_ms: 44_000, is_loss: true }] });
      await page.getByText('4,321 lost').waitFor();
    }));

  await report.test('ten thousand lines are a list of a few dozen rows', () =>
    inPage('/r/log', async (page) => {
      await page.locator('.row').first().waitFor();
      const rows = await page.locator('.row').count();
      assert.ok(rows > 10 && rows < 120, `${rows} rows`);
      await page.getByText('segment-11999').waitFor();
      await page.getByRole('region', { name: 'Lines' }).evaluate((node) => node.scrollTo({ top: 0 }));
      await page.getByText('segment-2000').waitFor();
      await page.getByRole('button', { name: 'Follow the end' }).click();
      await page.getByText('segment-11999').waitFor();
    }));

  await report.test('a share link shows the run read-only', async () => {
    const { page, context, problems } = await openPage(browser);
    await page.goto(`${server.origin}/r/table#v=viewkey`);
    await page.locator('td.value').first().waitFor();
    await page.getByText('Read-only').first().waitFor();
    assert.equal(await page.getByRole('button', { name: 'Stop' }).count(), 0);
    assert.equal(new URL(page.url()).hash, '');
    await assertClean(page, problems);
    await context.close();
  });

  await report.test('a run opened in a second tab is signed in too', () =>
    inPage('/', async (page, { context }) => {
      await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
      const second = await context.newPage();
      await second.goto(`${server.origin}/r/table`);
      await second.locator('td.value').first().waitFor();
      await second.getByRole('button', { name: 'Stop' }).waitFor();
    }));

  await report.test('opening a link runs nothing and saves nothing', async () => {
    const { page, context, problems } = await openPage(browser);
    const sent = [];
    page.on('request', (request) => {
      if (request.method() !== 'GET' && !/\/api\/(login|check)$/.test(request.url())) sent.push(`${request.method()} ${request.url()}`);
    });
    await page.goto(`${server.origin}/#k=good`);
    await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
    const script = encodeURIComponent('BEGIN { system("id") }');
    const links = [`/#script=${script}`, `/?script=${script}&run=1`, `/write?script=${script}&run=1`, `/write#script=${script}`, '/write?example=../../etc', '/write?example=syscalls&run=1', '/tools?run=1', '/runs?open=1', '/r/log?filter=(a%2B)%2B%24', '/r/table?run=1&stop=1', '/r/table?show=%3Cscript%3E&as=flame&zoom=x&find=%3Cb%3E', '/r/unknown', '/r/%2e%2e', '/nothing?run=1', '/#v=stolen', '/r/table#v=wrong'];
    for (const link of links) {
      await page.goto(server.origin + link);
      await page.locator('main').waitFor();
      await page.waitForTimeout(50);
    }
    assert.deepEqual(sent, []);
    await assertClean(page, problems);
    await context.close();
  });

  await report.test('every key of the list is listed, and the dialog closes', () =>
    inPage('/', async (page) => {
      await page.locator('article').first().waitFor();
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
      await assertAccessible(page, 'keys');
      await shoot(page, screenshots, 'keys');
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }));

  await report.test('tools stand by subject, are found by a word, and say what this kernel lacks', () =>
    inPage('/tools', async (page) => {
      await page.getByRole('heading', { name: 'Network' }).waitFor();
      const lacking = page.locator('article', { hasText: 'Off-CPU time' });
      assert.match(await lacking.textContent(), /kprobes, which this kernel does not have/);
      assert.equal(await lacking.getByRole('button', { name: /Start/ }).isEnabled(), false);
      await assertAccessible(page, 'tools');
      await shoot(page, screenshots, 'mock-tools');
      await page.getByLabel('Find a tool').fill('scheduler');
      assert.equal(await page.locator('article').count(), 1);
      const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/api/runs'));
      await page.getByLabel('limit').fill('500');
      await page.getByRole('button', { name: 'Start Scheduler latency' }).click();
      assert.deepEqual((await sent).postDataJSON().parameters, ['500']);
      await page.waitForURL(/\/r\//);
    }, { viewport: { width: 1280, height: 800 } }));

  await report.test('runs are listed and found', () =>
    inPage('/runs', async (page) => {
      await page.getByRole('row').nth(1).waitFor();
      await assertAccessible(page, 'runs');
      await shoot(page, screenshots, 'mock-runs');
      await page.getByLabel('Find a run').fill('disk lat');
      assert.equal(await page.locator('tbody tr').count(), 1);
      await page.getByLabel('Find a run').fill('no such thing');
      await page.getByText('No run has that').waitFor();
    }, { viewport: { width: 1280, height: 800 } }));

  await report.test('two runs are compared: a sentence, quantiles, rates, functions, scripts', () =>
    inPage('/r/slower', async (page) => {
      await page.getByRole('link', { name: 'Compare', exact: true }).click();
      await page.getByText('Choose the run to compare with').waitFor();
      await page.getByRole('combobox', { name: /^Before/ }).selectOption('quicker');
      await page.waitForURL(/\/compare\?run=slower&before=quicker$/);
      const sentence = page.getByTestId('sentence');
      await sentence.filter({ hasText: /^p50 of @usecs went up from \[16, 32\) to \[32, 64\) µs, p99 from \[256, 512\) to \[1024, 2048\)/ }).waitFor();
      const histogram = page.getByRole('region', { name: 'Differences of map @usecs' });
      assert.match(await histogram.getByRole('row', { name: /^p99, µs/ }).textContent(), /\[256, 512\)\[1024, 2048\)/);
      const calls = page.getByRole('region', { name: 'Differences of @calls' });
      // 184,000 in 42 s, and none any more.
      assert.match(await calls.getByRole('row').nth(1).textContent(), /postgres4,381–−4,381gone/);
      const stacks = page.getByRole('region', { name: 'Functions of @' });
      assert.match(await stacks.getByRole('row').nth(1).textContent(), /med3.*\+2\d\.\d %/);
      assert.match(await page.getByRole('region', { name: 'Difference of the scripts' }).textContent(), /profile:hz:99.*profile:hz:199/);
      await assertAccessible(page, 'comparison');
      await shoot(page, screenshots, 'mock-compare');
      await page.reload();
      await sentence.filter({ hasText: '@usecs' }).waitFor();
      await page.getByRole('button', { name: 'Swap' }).click();
      await page.waitForURL(/\/compare\?run=quicker&before=slower$/);
      await sentence.filter({ hasText: 'went down' }).waitFor();
      await page.getByRole('link', { name: 'Both as a differential flame graph' }).click();
      await page.getByTestId('compared').waitFor();
      assert.equal(new URL(page.url()).searchParams.get('vs'), 'run:slower');
    }, { viewport: { width: 1280, height: 800 } }));

  await report.test('Ctrl-K finds screens, tools, runs and what can be done', () =>
    inPage('/r/table', async (page) => {
      await page.locator('td.value').first().waitFor();
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox', { name: 'Find a command' }).waitFor();
      await page.getByRole('option', { name: /Disk latency, running/ }).waitFor();
      await assertAccessible(page, 'palette');
      await shoot(page, screenshots, 'mock-palette');
      await page.keyboard.type('dark th');
      await page.keyboard.press('Enter');
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
      await page.keyboard.press('Control+k');
      await page.keyboard.type('tools');
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/tools$/);
      await page.keyboard.press('Control+k');
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }, { viewport: { width: 1280, height: 800 } }));

  for (const id of ['flame', 'table', 'histogram', 'log']) {
    await report.test(`a phone shows the ${id} run and nothing to start by accident`, () =>
      inPage(`/r/${id}`, async (page) => {
        await page.locator(ready[id]).first().waitFor();
        await page.waitForTimeout(200);
        assert.equal(await page.getByRole('button', { name: /^(Stop|Restart|Run)/ }).count(), 0);
        assert.equal(await page.getByRole('button', { name: 'Script e' }).count(), 0);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `scrolls sideways by ${wide} px`);
        await assertAccessible(page, `${id} on a phone`);
        await shoot(page, screenshots, `phone-${id}`);
      }, { viewport: { width: 390, height: 844 } }));
  }

  await report.test('a phone shows the runs, and nothing to start by accident', () =>
    inPage('/', async (page) => {
      await page.getByRole('row').nth(1).waitFor();
      assert.equal(await page.getByRole('button', { name: /Start/ }).count(), 0);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `scrolls sideways by ${wide} px`);
      await assertAccessible(page, 'home on a phone');
      await shoot(page, screenshots, 'phone-home');
    }, { viewport: { width: 390, height: 844 } }));

  await report.test('the page fits a narrow window, whatever the title', () =>
    inPage('/r/table', async (page) => {
      await page.locator('td.value').first().waitFor();
      server.broadcast({ type: 'update', sequence: 11, at_ms: 43_000, run: { ...server.info('table'), title: 'tracepoint:syscalls:sys_exit_read { @bytes = hist(args.ret); } '.repeat(4) } });
      await page.getByRole('heading', { name: /sys_exit_read/ }).waitFor();
      await shoot(page, screenshots, 'mock-narrow');
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `scrolls sideways by ${wide} px`);
    }, { viewport: { width: 800, height: 700 } }));

  await server.stop();
}
