// The journeys of a person, against the real server on the real kernel.
import assert from 'node:assert/strict';
import { assertAccessible, assertClean, openPage, pointAt, shoot } from '../lib/browser.mjs';
import { contentSecurityPolicy } from '../lib/headers.mjs';
import { busyProcess, findBinary, namedProcess, Tracedeck } from '../lib/tracedeck.mjs';

const names = {
  headers: 'the server sends the policy that the page was tested under',
  halves: 'neither half of a session opens anything alone',
  first: 'first run: open the link, pick a card, see numbers',
  flame: 'CPU flame graph in one press: kernel and user frames, hover, zoom, search, kept across updates',
  share: 'a shared flame graph opens elsewhere, read-only, at the same zoom',
  svg: "inferno's own SVG opens at its own address",
  write: 'write a script: an error is underlined with a sentence; fixed, it runs; edited, it restarts',
  complete: 'completion: a probe by a few letters, its arguments with types, a function with its words, a fix in one press, formatting',
  output: 'histogram, table and log of one script appear live',
  older: 'lines that the page no longer holds are found on the server, and stand before those it has',
  tool: 'a tool with its parameter, from the Tools screen; a stretch of its time shows what came then, and the link keeps it',
  hostile: 'a process named as markup is text',
  two: 'two browsers on one run are both live',
  stuck: 'a viewer that is stuck under a flood of lines catches up later, and the other does not feel it',
  killed: 'a killed worker is said within two seconds, and the server goes on',
  restart: 'after a restart of the server the page comes back and shows what was recorded',
};

export async function journeys(report, browser, { screenshots }) {
  const { path, reason } = findBinary();
  if (path === null) {
    for (const name of Object.values(names)) report.skip(name, reason);
    return;
  }
  const server = await Tracedeck.start(path);
  const busy = [busyProcess(), busyProcess()];
  try {
    await all(report, browser, server, screenshots);
  } finally {
    busy.forEach((one) => one.kill());
    await server.stop();
  }
}

async function all(report, browser, server, screenshots) {
  const operator = async (path, body, options) => {
    const opened = await openPage(browser, options);
    try {
      await opened.page.goto(await server.signInUrl(path));
      await body(opened.page, opened);
      await assertClean(opened.page, opened.problems);
    } finally {
      await opened.context.close();
    }
  };
  const state = (page) => page.getByTestId('state');
  const live = (page) => page.locator('[data-testid="state"].live').waitFor();
  const stop = async (page) => {
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.locator('[data-testid="state"].ended').waitFor();
  };
  const type = async (page, script) => {
    await page.getByRole('textbox', { name: 'Script' }).click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(script);
  };
  /** Writes a script from the start page on and runs it. */
  const run = async (page, script) => {
    await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
    await page.keyboard.press('w');
    await type(page, script);
    await page.keyboard.press('Control+Enter');
    await page.waitForURL(/\/r\//);
  };
  const totalOf = async (page) => Number(await page.getByTestId('flame').getAttribute('data-total'));
  const frame = (page, name) => page.getByRole('treeitem', { name }).first();
  /** Waits until the flame graph has been drawn anew from more samples. */
  const nextUpdate = async (page) => {
    const before = await totalOf(page);
    while ((await totalOf(page)) <= before) await page.waitForTimeout(100);
  };

  await report.test(names.headers, async () => {
    const answer = await fetch(server.origin);
    assert.equal(answer.status, 200);
    const sent = new Set((answer.headers.get('content-security-policy') ?? '').split(';').map((part) => part.trim()));
    for (const directive of contentSecurityPolicy.split('; ')) assert.ok(sent.has(directive), `missing: ${directive} in ${[...sent].join('; ')}`);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(answer.headers.get('referrer-policy'), 'no-referrer');
  });

  await report.test(names.halves, () =>
    operator('/', async (page, { context }) => {
      await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
      const secret = await page.evaluate(() => sessionStorage.getItem('tracedeck.secret'));
      const cookies = await context.cookies(server.origin);
      assert.equal(cookies.length, 1);
      assert.equal(cookies[0].httpOnly, true);
      assert.equal(cookies[0].sameSite, 'Strict');
      const cookie = `${cookies[0].name}=${cookies[0].value}`;
      const status = async (headers) => (await fetch(`${server.origin}/api/runs`, { headers })).status;
      assert.equal(await status({}), 401);
      assert.equal(await status({ Cookie: cookie }), 401);
      assert.equal(await status({ Authorization: `Bearer ${secret}` }), 401);
      assert.equal(await status({ Cookie: cookie, Authorization: `Bearer ${secret}` }), 200);
    }));

  await report.test(names.first, () =>
    operator('/', async (page) => {
      await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
      assert.equal(new URL(page.url()).hash, '', 'the token stays in the address bar');
      await page.locator('article').first().waitFor();
      assert.equal(await page.locator('article').count(), 8);
      assert.match(await page.locator('article h2').first().textContent(), /CPU flame graph/);
      await assertAccessible(page, 'home');
      await shoot(page, screenshots, 'home');
      await page.getByRole('button', { name: 'Start System calls by process' }).click();
      await live(page);
      await page.locator('td.value').first().waitFor();
      await page.locator('td.rate', { hasText: '/s' }).first().waitFor();
      await assertAccessible(page, 'table');
      await shoot(page, screenshots, 'table');
      await stop(page);
      assert.match(await page.getByTestId('lost').textContent(), /^[\d,]+ lost$/);
    }));

  let shared = null;
  let zoomedTo = null;
  await report.test(names.flame, () =>
    operator('/', async (page, { context }) => {
      await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.origin });
      await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
      await page.locator('article').first().waitFor();
      await page.keyboard.press('c');
      await frame(page, /^(do_syscall_64|x64_sys_call|entry_SYSCALL)/).waitFor();
      await frame(page, /^dd,/).waitFor();
      await nextUpdate(page);
      await assertAccessible(page, 'flame graph');
      await shoot(page, screenshots, 'flame');

      await pointAt(page, frame(page, /^(do_syscall_64|x64_sys_call|entry_SYSCALL)/));
      await page.getByTestId('tip').waitFor();
      await shoot(page, screenshots, 'flame-hover');
      await pointAt(page, frame(page, /^dd,/));
      await page.getByTestId('tip').filter({ hasText: /^\s*dd\s*[\d.]+ ?% of all.*self/s }).waitFor();
      await page.mouse.down();
      await page.mouse.up();
      await page.waitForURL(/zoom=/);
      zoomedTo = new URL(page.url()).searchParams.get('zoom');
      await nextUpdate(page);
      assert.equal(new URL(page.url()).searchParams.get('zoom'), zoomedTo);
      assert.equal(await frame(page, /^dd,/).getAttribute('aria-selected'), 'true', 'the zoom did not survive an update');
      assert.equal(await page.getByTestId('reset-zoom').isEnabled(), true);

      await page.keyboard.press('/');
      await page.keyboard.type('read');
      await page.getByTestId('matched').filter({ hasText: /% matched/ }).waitFor();
      await nextUpdate(page);
      assert.match(await page.getByTestId('matched').textContent(), /% matched/, 'the search did not survive an update');
      await shoot(page, screenshots, 'flame-search');

      await page.getByRole('button', { name: 'Share' }).click();
      await page.getByRole('button', { name: 'Create link' }).click();
      await page.getByText('Read-only link copied').waitFor();
      shared = await page.evaluate(() => navigator.clipboard.readText());
      await page.getByRole('button', { name: /^Close/ }).click();

      await page.getByLabel('Search frames').press('Escape');
      assert.equal(await page.getByTestId('matched').textContent(), '');
      await page.keyboard.press('Escape');
      assert.equal(new URL(page.url()).searchParams.get('zoom'), null);
      await page.goBack();
      assert.equal(new URL(page.url()).searchParams.get('zoom'), zoomedTo, 'Back does not return to the zoom');
      await page.goBack();

      await page.getByRole('tree').focus();
      await page.keyboard.press('ArrowUp');
      await page.keyboard.press('Enter');
      await page.waitForURL(/zoom=/);
      await page.keyboard.press('Backspace');
      assert.equal(new URL(page.url()).searchParams.get('zoom'), null);

      await page.keyboard.press('d');
      await page.getByRole('menuitem', { name: /Freeze now/ }).click();
      await page.getByRole('treeitem', { name: /[+−±]\d+(\.\d)? %/ }).first().waitFor();
      await shoot(page, screenshots, 'flame-diff');
      await page.keyboard.press('d');
      await page.getByTestId('compared').waitFor({ state: 'detached' });
      await page.keyboard.press('t');
      await page.getByRole('region', { name: 'Functions of the flame graph' }).locator('td.key').first().waitFor();
      await page.keyboard.press('t');
      await page.locator('td.stack').first().waitFor();
    }));

  await report.test(names.share, async () => {
    assert.ok(shared, 'nothing was shared');
    const { page, context, problems } = await openPage(browser);
    await page.goto(shared);
    await frame(page, /^dd,/).waitFor();
    assert.equal(new URL(page.url()).hash, '');
    assert.equal(new URL(page.url()).searchParams.get('zoom'), zoomedTo);
    assert.equal(await page.getByRole('button', { name: /Stop|Run again|Restart/ }).count(), 0);
    await page.keyboard.press('e');
    const editor = page.getByRole('textbox', { name: 'Script' });
    await editor.waitFor();
    assert.equal(await editor.getAttribute('contenteditable'), 'false');
    await assertClean(page, problems);
    await context.close();
  });

  await report.test(names.svg, async () => {
    assert.ok(shared, 'nothing was shared');
    const { page, context } = await openPage(browser);
    await page.goto(shared);
    const address = await page.getByRole('link', { name: 'Open SVG' }).getAttribute('href');
    const answer = await page.goto(new URL(address, server.origin).href);
    assert.equal(answer.status(), 200);
    assert.match(answer.headers()['content-type'], /image\/svg\+xml/);
    await page.waitForFunction(() => document.querySelectorAll('#frames > g').length > 5);
    await context.close();
  });

  await report.test(names.write, () =>
    operator('/', async (page) => {
      await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
      await page.keyboard.press('w');
      await type(page, 'interval:ms:100 { prinft("tick %d\\n", ++@n); }');
      await page.locator('.cm-lintRange-error').waitFor();
      const problem = await page.getByTestId('problems').textContent();
      assert.match(problem, /prinft/);
      assert.match(problem, /printf/, 'the suggestion is missing');
      await assertAccessible(page, 'editor with an error');
      await shoot(page, screenshots, 'editor-error');
      await type(page, 'interval:ms:100 { printf("tick %d\\n", ++@n); }');
      await page.locator('.cm-lintRange-error').waitFor({ state: 'detached' });
      await page.getByText('Attaches to 1 probe').waitFor();
      await page.keyboard.press('Control+Enter');
      await page.waitForURL(/\/r\//);
      const first = page.url();
      await page.locator('.row', { hasText: 'tick 3' }).waitFor();
      await page.keyboard.press('Control+Enter');
      await page.waitForURL((url) => url.pathname.startsWith('/r/') && url.href !== first);
      await page.locator('.row', { hasText: 'tick 2' }).first().waitFor();
      const second = page.url();
      await type(page, 'interval:ms:100 { printf("tock %d\\n", ++@n); }');
      await page.getByText('Edited').waitFor();
      await page.keyboard.press('Control+Enter');
      await page.waitForURL((url) => url.pathname.startsWith('/r/') && url.href !== second);
      await page.locator('.row', { hasText: 'tock 2' }).first().waitFor();
      await shoot(page, screenshots, 'editor-run');
      await stop(page);
    }));

  await report.test(names.complete, () =>
    operator('/write', async (page) => {
      const options = page.locator('[data-testid="editor"] [role="option"]');
      // While an answer is under way the list is shown, but Enter is a new line and not a choice.
      const chosen = page.locator('[data-testid="editor"] .cm-tooltip-autocomplete:not(.cm-tooltip-autocomplete-disabled) [role="option"][aria-selected="true"]');
      const script = () => page.evaluate(() => [...document.querySelector('[data-testid="editor"]').shadowRoot.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\n'));
      await type(page, '');
      await page.keyboard.type('t:sysc:enteropenat');
      await chosen.filter({ hasText: 'tracepoint:syscalls:sys_enter_openat' }).waitFor();
      await page.locator('[data-testid="editor"] .cm-completionInfo', { hasText: 'filename' }).waitFor();
      await shoot(page, screenshots, 'complete-probe');
      await chosen.filter({ hasText: 'tracepoint:syscalls:sys_enter_openat' }).click();
      while (!(await script()).includes('tracepoint:syscalls:sys_enter_openat')) await page.waitForTimeout(20);
      await page.keyboard.type(' { printf("%s %s", comm, str(args.');
      await options.filter({ hasText: 'filename' }).waitFor();
      assert.match(await options.filter({ hasText: 'filename' }).textContent(), /filename\s*const char \*/);
      await shoot(page, screenshots, 'complete-field');
      await page.keyboard.type('filen');
      await chosen.filter({ hasText: 'filename' }).waitFor();
      await page.keyboard.press('Tab');
      assert.match(await script(), /str\(args\.filename\)/);
      await page.keyboard.type(')); @n[comm] = coun');
      await chosen.filter({ hasText: /^count/ }).waitFor();
      await page.locator('[data-testid="editor"] .cm-completionInfo').waitFor();
      await assertAccessible(page, 'completion');
      await shoot(page, screenshots, 'complete-function');
      await page.keyboard.press('Escape');
      await page.keyboard.type('m(); $who = comm; print($w');
      await chosen.filter({ hasText: '$who' }).filter({ hasText: 'string[16]' }).waitFor();
      await page.keyboard.press('Escape');
      await type(page, 'begin{@n=conut();exit()}');
      await page.getByRole('button', { name: 'Replace with count' }).waitFor();
      await shoot(page, screenshots, 'fix');
      await page.getByRole('textbox', { name: 'Script' }).focus();
      await page.keyboard.press('Control+.');
      await page.getByTestId('check-summary').filter({ hasText: 'Attaches to 1 probe' }).waitFor();
      assert.equal(await script(), 'begin{@n=count();exit()}');
      await page.keyboard.press('Shift+Alt+F');
      while (!/^begin \{\n  @n = count\(\);\n  exit\(\);?\n\}/.test(await script())) await page.waitForTimeout(30);
      const place = await page.locator('[data-testid="editor"] .cm-line span', { hasText: /^count$/ }).first().boundingBox();
      await page.mouse.move(place.x + 10, place.y + 8);
      await page.locator('[data-testid="editor"] .cm-tooltip-hover', { hasText: 'count()' }).waitFor();
      await shoot(page, screenshots, 'hover');
    }));

  await report.test(names.output, () =>
    operator('/', async (page) => {
      await run(page, 'tracepoint:syscalls:sys_exit_read { @bytes = hist(args.ret); @by[comm] = stats(args.ret); @reads[comm] = count(); } interval:s:1 { printf("second %d\\n", ++@seconds); }');
      await page.getByTestId('map-@bytes').locator('figure tbody tr').first().waitFor();
      await page.getByTestId('map-@reads').locator('td.value').first().waitFor();
      await page.getByTestId('map-@by').locator('td').first().waitFor();
      await page.getByTestId('log').locator('.row').first().waitFor();
      await page.getByRole('button', { name: 'Script e' }).click();
      await assertAccessible(page, 'panels');
      await shoot(page, screenshots, 'panels');
      await stop(page);
    }));

  await report.test(names.older, () =>
    operator('/', async (page) => {
      // More than the page holds. Opened anew it has the last ones, whatever it was too slow for.
      await run(page, 'interval:ms:20 { for $i : 0..100 { @n++; printf("line %d of the flood\\n", @n); } if (@n >= 14000) { exit(); } }');
      await page.locator('[data-testid="state"].ended').waitFor();
      await page.reload();
      const log = page.getByTestId('log');
      const told = log.getByTestId('older').filter({ hasText: /older lines are on the server/ });
      // The number of the last line before those that the page has.
      const seam = Number(/[\d,]+/.exec(await told.textContent())[0].replaceAll(',', ''));
      const filter = log.getByRole('searchbox', { name: /Filter lines/ });
      await filter.fill('^line (17|18) of');
      await log.getByText(/^None of/).waitFor();
      await log.getByRole('button', { name: 'Look there, too' }).click();
      await log.getByText('All older lines that match are here.').waitFor();
      assert.deepEqual(await log.locator('.row .text').allTextContents(), ['line 17 of the flood', 'line 18 of the flood']);
      await shoot(page, screenshots, 'log-older');
      await filter.fill('');
      await log.getByText('line 14000 of the flood').waitFor();
      await log.getByRole('button', { name: 'Load 1,000' }).click();
      await log.getByTestId('older').filter({ hasText: /more before these\./ }).waitFor();
      // It is where the older ones end.
      await log.getByText(`line ${seam} of the flood`, { exact: true }).waitFor();
      await log.getByText(`line ${seam + 1} of the flood`, { exact: true }).waitFor();
      // Without a gap.
      const around = (await log.locator('.row .text').allTextContents()).map((text) => Number(/\d+/.exec(text)?.[0]));
      assert.ok(around.every((number, at) => at === 0 || number === around[at - 1] + 1), `${around}`);
      await log.getByRole('region', { name: 'Lines' }).evaluate((node) => node.scrollTo({ top: 0 }));
      await log.getByText(`line ${seam - 999} of the flood`, { exact: true }).waitFor();
    }));

  await report.test(names.tool, () =>
    operator('/tools', async (page) => {
      await page.getByLabel('Find a tool').fill('syslat');
      const card = page.locator('article', { hasText: 'syslat' });
      await card.getByLabel('process').fill('dd');
      await card.getByRole('button', { name: /Start/ }).click();
      await live(page);
      await page.getByTestId('map-@ns').locator('td.key').first().waitFor();
      const total = () => page.getByTestId('map-@ns').locator('tbody td').nth(1).textContent().then((text) => Number(text.replaceAll(',', '')));
      // Two recorded seconds, so that there is a stretch to choose.
      await page.getByTestId('state').filter({ hasText: /00:0[5-9]|00:1/ }).waitFor();
      const strip = page.getByRole('slider', { name: /Time of the run/ });
      const box = await strip.boundingBox();
      await page.mouse.move(box.x + box.width * 0.3, box.y + 8);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.6, box.y + 8, { steps: 4 });
      await page.mouse.up();
      await page.waitForURL(/from=\d+&to=\d+/);
      await page.waitForTimeout(500);
      const part = await total();
      await shoot(page, screenshots, 'time-range');
      await page.reload();
      await page.getByTestId('map-@ns').locator('td.key').first().waitFor();
      await page.waitForFunction((wanted) => document.querySelector('[data-testid="map-@ns"] tbody td.number')?.textContent === wanted, part.toLocaleString('en'));
      await page.getByRole('button', { name: 'Live', exact: true }).click();
      await page.waitForFunction((less) => Number(document.querySelector('[data-testid="map-@ns"] tbody td.number')?.textContent.replaceAll(',', '')) > less, part);
      await stop(page);
    }));

  await report.test(names.hostile, async () => {
    const name = '<img src=x o>';
    const named = namedProcess(name, server.folder);
    try {
      await operator('/', async (page) => {
        await run(page, 'tracepoint:syscalls:sys_enter_clock_nanosleep { @sleeps[comm] = count(); printf("%s\\n", comm); }');
        await page.locator('td.key', { hasText: name }).first().waitFor();
        await page.locator('.row', { hasText: name }).first().waitFor();
        // The editor puts an empty image of its own beside the costs of a probe, which come after a second.
        assert.equal(await page.locator('#app img:not(.cm-widgetBuffer)').count(), 0);
        await stop(page);
      });
    } finally {
      named.kill();
    }
  });

  await report.test(names.two, () =>
    operator('/', async (page, { context }) => {
      await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.origin });
      await run(page, 'interval:ms:100 { printf("tick %d\\n", ++@n); }');
      await page.locator('.row', { hasText: 'tick 2' }).first().waitFor();
      await page.getByRole('button', { name: 'Share' }).click();
      await page.getByRole('button', { name: 'Create link' }).click();
      await page.getByText('Read-only link copied').waitFor();
      const link = await page.evaluate(() => navigator.clipboard.readText());
      await page.getByRole('button', { name: /^Close/ }).click();
      const other = await openPage(browser);
      await other.page.goto(link);
      await other.page.locator('.row', { hasText: 'tick 2' }).first().waitFor();
      await page.getByText('2 watching').waitFor();
      const last = async (one) => Number(/tick (\d+)/.exec(await one.locator('.row').last().textContent())?.[1]);
      const seen = await last(other.page);
      await other.page.waitForFunction((before) => Number(/tick (\d+)/.exec([...document.querySelectorAll('.row')].at(-1)?.textContent ?? '')?.[1]) > before + 3, seen);
      assert.ok((await last(page)) > seen);
      await stop(page);
      await other.page.locator('[data-testid="state"].ended').waitFor();
      await assertClean(other.page, other.problems);
      await other.context.close();
      await page.getByText('1 watching').waitFor();
    }));

  await report.test(names.stuck, () =>
    operator('/', async (page, { context }) => {
      await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.origin });
      await run(page, 'interval:ms:5 { for ($i : 0..20) { printf("line %d\\n", ++@n); } }');
      await page.locator('.row', { hasText: 'line' }).first().waitFor();
      await page.getByRole('button', { name: 'Share' }).click();
      await page.getByRole('button', { name: 'Create link' }).click();
      await page.getByText('Read-only link copied').waitFor();
      const link = await page.evaluate(() => navigator.clipboard.readText());
      await page.getByRole('button', { name: /^Close/ }).click();
      const other = await openPage(browser);
      await other.page.goto(link);
      await other.page.locator('.row', { hasText: 'line' }).first().waitFor();
      const last = (one) => one.evaluate(() => Number(/line (\d+)/.exec([...document.querySelectorAll('.row')].at(-1)?.textContent ?? '')?.[1]));

      // The other page's only thread does nothing else for four seconds: it reads no message.
      const stuck = other.page.evaluate(() => { for (const end = Date.now() + 4000; Date.now() < end;); });
      const seen = [await last(page)];
      while (seen.length < 5) {
        await page.waitForTimeout(700);
        seen.push(await last(page));
      }
      for (let at = 1; at < seen.length; at++) assert.ok(seen[at] > seen[at - 1], `the page stood still while the other was stuck: ${seen}`);
      await stuck;
      await other.page.waitForFunction((goal) => Number(/line (\d+)/.exec([...document.querySelectorAll('.row')].at(-1)?.textContent ?? '')?.[1]) >= goal, seen.at(-1));
      await stop(page);
      await other.page.locator('[data-testid="state"].ended').waitFor();
      await assertClean(other.page, other.problems);
      await other.context.close();
    }));

  await report.test(names.killed, () =>
    operator('/', async (page) => {
      await run(page, 'interval:ms:100 { @n = count(); }');
      await live(page);
      await page.locator('output').waitFor();
      const { runs } = await page.evaluate(async () => (await fetch('/api/box', { headers: { Authorization: `Bearer ${sessionStorage.getItem('tracedeck.secret')}` } })).json());
      const worker = runs.find((one) => one.run.id === new URL(page.url()).pathname.slice(3)).pid;
      assert.ok(server.workers().includes(worker), `the worker ${worker} is not among ${server.workers()}`);
      process.kill(worker, 'SIGKILL');
      const killed = Date.now();
      await page.locator('[data-testid="state"].failed').waitFor();
      const took = Date.now() - killed;
      assert.ok(took <= 2000, `the page said so after ${took} ms`);
      assert.match(await page.getByTestId('reason').textContent(), /worker|killed|signal/i);
      await shoot(page, screenshots, 'worker-killed');
      await page.getByRole('button', { name: 'Run again', exact: true }).click();
      await live(page);
      await stop(page);
    }));

  await report.test(names.restart, () =>
    operator('/', async (page) => {
      await run(page, 'interval:ms:100 { printf("tick %d\\n", ++@n); }');
      await page.locator('.row', { hasText: 'tick 15' }).first().waitFor();
      const last = () => page.evaluate(() => Number(/tick (\d+)/.exec([...document.querySelectorAll('.row')].at(-1)?.textContent ?? '')?.[1]));
      await server.down('SIGKILL');
      await page.getByTestId('connection').waitFor();
      const shown = await last();
      await shoot(page, screenshots, 'reconnecting');
      await server.up();
      await page.getByTestId('connection').waitFor({ state: 'detached' });
      await page.locator('[data-testid="state"].ended, [data-testid="state"].failed').waitFor();
      await page.locator('.row', { hasText: /tick \d/ }).first().waitFor();
      assert.ok((await last()) >= shown, `tick ${shown} was shown and is gone: ${await last()} is the last`);
      await page.reload();
      await page.locator('.row', { hasText: /tick \d/ }).first().waitFor();
      assert.match(await state(page).textContent(), /Ended|Failed/);
      await page.keyboard.press('h');
      await page.locator('tbody tr').first().waitFor();
    }));
}
