// A traced process that chooses its name to harm whoever looks: every view and every file shows it as text. On the real kernel.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openPage, assertClean, pointAt, shoot } from '../lib/browser.mjs';
import { Profile, repository } from '../lib/modules.mjs';
import { live, operatorOf, stop } from '../lib/operator.mjs';
import { openInSpeedscope } from '../lib/speedscope.mjs';
import { findBinary, Tracedeck } from '../lib/tracedeck.mjs';

const names = {
  views: 'hostile names: every view of a real run shows them as text',
  charts: 'hostile names: what moves, compares and points shows them as text',
  dialogs: 'hostile names: links, the palette and what is copied have them as text',
  files: 'hostile names: parsers that are not ours read every file, and find nothing but text',
};

/** What a process calls itself, at most 15 bytes, and how a line of text shows it. */
const COMMS = [
  ['markup', Buffer.from('<x-y id=q>'), '<x-y id=q>'],
  ['an end of a script', Buffer.from('</script><x-y>'), '</script><x-y>'],
  ['quotes', Buffer.from('"\'&quot;,`x'), '"\'&quot;,`x'],
  ['a line break', Buffer.from('one\ntwo'), 'one\\ntwo'],
  ['control bytes', Buffer.from('\x1b[31mred\x07'), '\\x1b[31mred\\x07'],
  ['no UTF-8', Buffer.from([0x61, 0xff, 0xfe, 0x80, 0x62]), 'a\\xff\\xfe\\x80b'],
  ['a turn', Buffer.from('t\u202eurn'), 't\\xe2\\x80\\xaeurn'],
  ['a formula', Buffer.from('=1+1,2;3 4'), '=1+1,2;3 4'],
];
const LONG = '<img src=x onerror=window.__xss=1><script>window.__xss=2</script>';

const script = (pid) => `
// ${LONG}
tracepoint:syscalls:sys_exit_prctl /pid == ${pid}/ {
  printf("said %s.\\n", comm);
  @calls[comm] = count();
  @spread[comm] = hist(nsecs & 0xffff);
  @sizes[comm] = stats(nsecs & 0xff);
  @line[comm] = tseries(nsecs & 0xff, 100ms, 20);
  @["${LONG}"] = count();
  @stacks[comm, ustack(3)] = count();
}`;

export async function hostile(report, browser, { screenshots }) {
  const { path, reason } = findBinary();
  if (path === null) {
    for (const name of Object.values(names)) report.skip(name, reason);
    return;
  }
  const server = await Tracedeck.start(path);
  const process = spawn('python3', [join(repository, 'tests/browser/lib/hostile-process.py'), ...COMMS.map(([, bytes]) => bytes.toString('hex'))], { stdio: 'ignore' });
  try {
    const operator = operatorOf(browser, server);
    const run = {};
    await report.test(names.views, () => views(operator, process.pid, screenshots, run));
    await report.test(names.charts, () => charts(operator, screenshots, run));
    await report.test(names.dialogs, () => dialogs(operator, browser, server, screenshots, run));
    await report.test(names.files, () => files(operator, browser, server.folder, run));
  } finally {
    process.kill();
    await server.stop();
  }
}

/** Nothing that a name spells out has become an element. */
async function assertText(page, where) {
  const made = await page.evaluate(() => [...document.querySelectorAll('x-y, #q, #app img:not(.cm-widgetBuffer), #app script, dialog img, dialog script')].map((one) => one.outerHTML));
  assert.deepEqual(made, [], where);
}

/** What separates frames and counts in folded stacks is escaped in the name of a frame, wherever frames are shown. */
const asFrame = (name) => name.replaceAll('\\x3b', ';').replaceAll('\\x20', ' ');

/** Every name stands somewhere among the texts, and none of them breaks a line or turns it. */
function assertShown(texts, where) {
  for (const [what, , shown] of COMMS) assert.ok(texts.some((text) => text.includes(shown)), `${where}: ${what} is not shown as ${shown} in\n${texts.slice(0, 12).join('\n')}`);
  for (const text of texts) assert.doesNotMatch(text.trim(), /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\ufffd]/, `${where}: ${JSON.stringify(text)}`);
}

async function views(operator, pid, screenshots, run) {
  await operator('/write', async (page) => {
    await page.locator('.cm-content').fill(script(pid));
    await page.getByRole('button', { name: /^Run/ }).click();
    await live(page);
    run.path = new URL(page.url()).pathname;
    await page.goto(new URL(`${run.path}?show=%40calls`, page.url()).href);
    await page.locator('td.key', { hasText: COMMS.at(-1)[2] }).first().waitFor();
    await stop(page);
    const texts = (selector) => page.locator(selector).evaluateAll((all) => all.map((one) => one.getAttribute('aria-label') ?? one.textContent));
    const places = [
      ['the log', '?show=log', '.row'],
      ['a table', '?show=%40calls', 'td.key'],
      ['statistics', '?show=%40sizes', 'td.key'],
      ['histograms by key', '?show=%40spread', 'figure'],
      ['a flame graph', '?show=%40stacks', '[role=treeitem]'],
      ['a table of functions', '?show=%40stacks&as=functions', 'td.key'],
    ];
    for (const [where, query, selector] of places) {
      await page.goto(new URL(`${run.path}${query}`, page.url()).href);
      await page.locator(selector).first().waitFor();
      // The name of a process is no function.
      if (!query.includes('functions')) assertShown((await texts(selector)).map((text) => (query.includes('stacks') ? asFrame(text) : text)), where);
      await assertText(page, where);
      await shoot(page, screenshots, `hostile-${where.replaceAll(' ', '-')}`);
    }
    for (const address of ['/runs', '/box', '/audit']) {
      await page.goto(new URL(address, page.url()).href);
      await page.getByRole('heading').first().waitFor();
      await assertText(page, address);
    }
  });
}

/** Labels, texts and titles of what a selector finds. */
const said = (page, selector) =>
  page.locator(selector).evaluateAll((all) => all.flatMap((one) => [one.getAttribute('aria-label'), one.getAttribute('title'), one.textContent]).filter((text) => text));

async function charts(operator, screenshots, { path }) {
  assert.ok(path, 'there is no run');
  await operator(`${path}?show=%40spread&as=heatmap`, async (page) => {
    const open = async (query, ready) => {
      await page.goto(new URL(`${path}${query}`, page.url()).href);
      await page.locator(ready).first().waitFor();
    };
    // All keys in one picture, whose cells have no names.
    await page.locator('main canvas').first().waitFor();
    await page.locator('main canvas').first().hover({ position: { x: 60, y: 40 } });
    await assertText(page, 'a heat map');
    await shoot(page, screenshots, 'hostile-heat-map');

    await open('?show=%40line', 'main canvas');
    assertShown(await said(page, '[role=region][aria-label^="Series of"]'), 'a line chart');
    await page.locator('main .u-over').first().hover({ position: { x: 80, y: 40 } });
    await assertText(page, 'a line chart');
    await shoot(page, screenshots, 'hostile-lines');

    await open('?show=%40stacks', '[role=treeitem]');
    for (const [what, , shown] of COMMS) {
      const items = page.getByRole('treeitem');
      const at = await items.evaluateAll((all, shown) => all.findIndex((one) => (one.getAttribute('aria-label') ?? '').replaceAll('\\x3b', ';').replaceAll('\\x20', ' ').startsWith(shown)), shown);
      assert.ok(at >= 0, `no frame of ${what}`);
      await pointAt(page, items.nth(at));
      const tip = asFrame(await page.getByTestId('tip').textContent());
      assert.ok(tip.includes(shown), `the tip of ${what}: ${tip}`);
      await assertText(page, `the tip of ${what}`);
    }
    await shoot(page, screenshots, 'hostile-tip');

    // Searched for, and against itself: what changed has the same names.
    const id = path.split('/').at(-1);
    await open(`?show=%40stacks&vs=${id}&find=${encodeURIComponent('<x-y')}`, '[role=treeitem]');
    assertShown((await said(page, '[role=treeitem]')).map(asFrame), 'a differential flame graph');
    await assertText(page, 'a differential flame graph');

    await page.goto(new URL(`/compare?run=${id}&before=${id}`, page.url()).href);
    await page.locator('main td').first().waitFor();
    await assertText(page, 'a comparison');
    const compared = await said(page, 'main td, main th, main figure, main h2, main h3, main p, main li');
    assertShown(compared.map(asFrame), 'a comparison');
    await shoot(page, screenshots, 'hostile-comparison');
  });
}

async function dialogs(operator, browser, server, screenshots, { path }) {
  assert.ok(path, 'there is no run');
  let link = null;
  await operator(`${path}?show=%40calls`, async (page, { context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.locator('td.key').first().waitFor();
    await page.getByRole('button', { name: 'Copy as TSV' }).click();
    await page.getByText(/copied/i).first().waitFor();
    const rows = (await page.evaluate(() => navigator.clipboard.readText())).trimEnd().split('\n').map((line) => line.split('\t'));
    for (const row of rows) assert.equal(row.length, rows[0].length, `a row of another width: ${row}`);
    assertShown(rows.map((row) => row[0].replace(/^'/, '')), 'what was copied');

    await page.getByPlaceholder('Filter rows').fill('<x-y id=q>');
    await page.locator('td.key', { hasText: '<x-y id=q>' }).first().waitFor();
    await assertText(page, 'a filter');

    await page.keyboard.press('Control+k');
    await page.getByRole('dialog', { name: 'Commands' }).waitFor();
    await page.keyboard.type(LONG.slice(0, 24));
    await assertText(page, 'the palette');
    await page.keyboard.press('Escape');

    await page.getByRole('button', { name: 'Share' }).click();
    await page.getByLabel('Title').fill(LONG);
    await page.getByLabel('Note').fill(`${LONG}\n\u202eturned`);
    await page.getByRole('button', { name: 'Create link' }).click();
    link = await page.getByLabel('Read-only link').inputValue();
    await page.getByRole('region', { name: 'Links to this run' }).getByText(LONG).first().waitFor();
    await assertText(page, 'the dialog of links');
    await shoot(page, screenshots, 'hostile-share');
  });
  const opened = await openPage(browser);
  try {
    await opened.page.goto(link);
    await opened.page.getByText(LONG).first().waitFor();
    await assertText(opened.page, 'what a guest sees');
    await assertClean(opened.page, opened.problems);
  } finally {
    await opened.context.close();
  }
}

async function files(operator, browser, folder, { path }) {
  assert.ok(path, 'there is no run');
  const saved = {};
  await operator(`${path}?show=%40calls`, async (page) => {
    await page.locator('td.key').first().waitFor();
    await page.keyboard.press('x');
    await page.getByRole('heading', { name: 'Export' }).waitFor();
    await assertText(page, 'the export dialog');
    const save = async (section, button, file) => {
      const downloaded = page.waitForEvent('download');
      await page.getByRole('region', { name: section, exact: true }).getByRole('button', { name: button, exact: true }).click();
      saved[file] = join(folder, file);
      writeFileSync(saved[file], readFileSync(await (await downloaded).path()));
    };
    await save('The run', 'JSON lines', 'run.jsonl');
    await save('The run', 'HTML', 'run.html');
    await save('@calls', 'CSV', 'calls.csv');
    await save('@stacks', 'Folded stacks', 'stacks.folded');
    await save('@stacks', 'speedscope', 'stacks.json');
    await save('@stacks', 'SVG', 'stacks.svg');
    await save('@stacks', 'pprof', 'stacks.pb.gz');
  });
  const read = JSON.parse(execFileSync('python3', [join(repository, 'tests/browser/lib/parse-exports.py'), ...Object.values(saved).filter((name) => !name.endsWith('.gz'))], { maxBuffer: 1 << 28 }));
  const of = (name) => read[saved[name]];

  const table = of('calls.csv');
  for (const row of table) assert.equal(row.length, table[0].length, `a row of another width: ${row}`);
  assertShown(table.slice(1).map((row) => row[0].replace(/^'/, '')), 'CSV');

  const printed = of('run.jsonl').filter((line) => line.type === 'printf').map((line) => line.data);
  assert.ok(printed.length > COMMS.length, `${printed.length} lines`);
  assert.ok(printed.some((text) => text === 'said <x-y id=q>.\n'), printed[0]);

  const weight = of('stacks.folded').reduce((sum, [, count]) => sum + count, 0);
  assertShown(of('stacks.folded').map(([frames]) => asFrame(frames[0])), 'folded stacks');
  const speedscope = of('stacks.json');
  assert.equal(speedscope.profiles[0].endValue, weight, 'speedscope has another sum than the folded stacks');
  assertShown(speedscope.shared.frames.map((frame) => asFrame(frame.name)), 'speedscope');

  assert.deepEqual(of('stacks.svg').tags.filter((tag) => ['x-y', 'img', 'image', 'foreignObject'].includes(tag)), []);
  assertShown(of('stacks.svg').titles.map(asFrame), 'SVG');

  const html = of('run.html');
  assert.deepEqual(html.tags.filter((tag) => ['x-y', 'img', 'iframe', 'math'].includes(tag)), []);
  assert.deepEqual(html.handlers, ['svg onload=init(evt)'], 'a handler that is not the drawing\'s own');
  for (const [what, , shown] of COMMS) assert.ok(html.text.includes(shown), `HTML: ${what}`);

  const profile = Profile.decode(gunzipSync(readFileSync(saved['stacks.pb.gz'])));
  assertShown(profile.stringTable.strings.map(asFrame), 'pprof');
  assert.equal(profile.sample.reduce((sum, sample) => sum + Number(sample.value[0]), 0), weight, 'pprof has another sum than the folded stacks');
  for (const file of ['stacks.json', 'stacks.pb.gz', 'stacks.folded']) {
    const { rows } = await openInSpeedscope(browser, file, readFileSync(saved[file]));
    assertShown(rows.map(({ frame }) => asFrame(frame)), `${file} in speedscope`);
  }
}
