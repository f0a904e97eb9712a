// A traced process that chooses its name to harm whoever looks: every view and every file shows it as text. On the real kernel.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { shoot } from '../lib/browser.mjs';
import { Profile, repository } from '../lib/modules.mjs';
import { live, operatorOf, stop } from '../lib/operator.mjs';
import { findBinary, Tracedeck } from '../lib/tracedeck.mjs';

const names = {
  views: 'hostile names: every view of a real run shows them as text',
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
    await report.test(names.files, () => files(operator, server.folder, run));
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

async function files(operator, folder, { path }) {
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
}
