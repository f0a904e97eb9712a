// A run as files for other tools and back: export, the page that opens offline, import. Against the real server.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { assertAccessible, assertClean, openPage, shoot } from '../lib/browser.mjs';
import { Profile } from '../lib/modules.mjs';
import { operatorOf, stop } from '../lib/operator.mjs';
import { openInSpeedscope } from '../lib/speedscope.mjs';
import { busyProcess, findBinary, Tracedeck } from '../lib/tracedeck.mjs';

const names = {
  export: 'export: folded stacks, speedscope, pprof, SVG and JSON lines are files, and the command line is there',
  speedscope: 'export: speedscope itself opens the speedscope, pprof and folded files, with the same numbers',
  offline: 'export: one HTML file opens offline, with a flame graph that zooms and nothing of another origin',
  phone: 'export: on a phone the button is there',
  imported: 'import: a pprof file, perf script and bpftrace text are looked at, compared and shared like runs',
  refused: 'import: a file that is no profile says what would be',
};

export async function files(report, browser, { screenshots }) {
  const { path, reason } = findBinary();
  if (path === null) {
    for (const name of Object.values(names)) report.skip(name, reason);
    return;
  }
  const server = await Tracedeck.start(path);
  const busy = busyProcess();
  const kept = {};
  try {
    const operator = operatorOf(browser, server);
    await exported(report, operator, screenshots, kept);
    await opened(report, browser, screenshots, kept);
    await offline(report, browser, server, screenshots, kept);
    await imported(report, operator, server, screenshots, kept);
  } finally {
    busy.kill();
    await server.stop();
  }
}

/** Presses a button and reads the file that comes of it: its name and its bytes. */
async function download(page, name) {
  const problem = page.getByRole('alert').textContent().then((text) => Promise.reject(new Error(text)));
  const downloaded = page.waitForEvent('download');
  await page.getByRole('button', { name, exact: true }).click();
  problem.catch(() => undefined);
  const file = await Promise.race([downloaded, problem]);
  return [file.suggestedFilename(), readFileSync(await file.path())];
}

async function exported(report, operator, screenshots, kept) {
  await report.test(names.export, () =>
    operator('/learn/stacks', async (page) => {
      await page.getByRole('heading', { name: 'Stacks and flame graphs' }).waitFor();
      await page.keyboard.press('Control+Enter');
      await page.getByRole('treeitem').first().waitFor();
      await stop(page);
      kept.run = new URL(page.url()).pathname;
      await page.keyboard.press('x');
      await page.getByRole('heading', { name: 'Export' }).waitFor();
      await assertAccessible(page, 'export');
      await shoot(page, screenshots, 'export');
      const [name, bytes] = await download(page, 'Folded stacks');
      const folded = bytes.toString();
      assert.match(name, /\.folded$/);
      for (const line of folded.trimEnd().split('\n')) assert.match(line, /^.+ \d+$/);
      kept.folded = folded;
      const sum = folded.trimEnd().split('\n').reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
      kept.speedscope = (await download(page, 'speedscope'))[1];
      assert.equal(JSON.parse(kept.speedscope).profiles[0].endValue, sum);

      const [profileName, packed] = await download(page, 'pprof');
      assert.match(profileName, /\.pb\.gz$/);
      const profile = Profile.decode(gunzipSync(packed));
      const text = (index) => profile.stringTable.strings[Number(index)];
      assert.deepEqual([text(profile.sampleType[0].type), text(profile.sampleType[0].unit)], ['samples', 'count']);
      assert.equal(profile.sample.reduce((total, sample) => total + Number(sample.value[0]), 0), sum);
      const functions = new Map(profile.function.map((one) => [Number(one.id), text(one.name)]));
      const locations = new Map(profile.location.map((one) => [Number(one.id), functions.get(Number(one.line[0].functionId))]));
      // Where a name has the character that separates frames (`[u8; 8]`), a folded line has its escape.
      const frame = (id) => locations.get(Number(id)).replaceAll(';', '\\x3b');
      const stacks = profile.sample.map((sample) => sample.locationId.map(frame).reverse().join(';')).sort();
      const lines = folded.trimEnd().split('\n').map((line) => line.replace(/ \d+$/, '').replace(/_\[[kij]\](?=;|$)/g, '')).sort();
      assert.deepEqual(stacks, lines, 'the profile has other stacks than the folded lines');
      assert.ok(profile.timeNanos > 0n && profile.durationNanos > 0n, 'the profile does not say when it was made');
      kept.profile = packed;

      assert.match((await download(page, 'SVG'))[1].toString(), /<svg/);
      for (const line of (await download(page, 'JSON lines'))[1].toString().trimEnd().split('\n')) JSON.parse(line);
      kept.html = (await download(page, 'HTML'))[1];
      await page.getByText(/tracedeck run -e 'profile:hz:99/).waitFor();
    }));

  await report.test(names.phone, () =>
    operator(
      kept.run,
      async (page) => {
        await page.getByRole('treeitem').first().waitFor();
        await page.getByRole('button', { name: 'Export' }).click();
        await page.getByRole('heading', { name: 'Export' }).waitFor();
        const fits = await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
        assert.ok(fits, 'the page is wider than the phone');
        await assertAccessible(page, 'export on a phone');
        await shoot(page, screenshots, 'export-phone');
      },
      { viewport: { width: 390, height: 844 } },
    ));
}

/** What each function has in folded lines, in the lines that end with it and in all that hold it. */
function functionsOf(folded, nameOf) {
  const functions = new Map();
  for (const line of folded.trimEnd().split('\n')) {
    const [, stack, count] = /^(.*) (\d+)$/.exec(line);
    const frames = stack.split(';').map(nameOf);
    for (const frame of new Set(frames)) {
      const known = functions.get(frame) ?? { total: 0, self: 0 };
      known.total += Number(count);
      if (frame === frames.at(-1)) known.self += Number(count);
      functions.set(frame, known);
    }
  }
  return functions;
}

async function opened(report, browser, screenshots, kept) {
  await report.test(names.speedscope, async () => {
    // A folded line marks the kind of a frame and escapes what separates frames; the other formats need neither.
    const plain = (frame) => frame.replace(/_\[[kij]\]$/, '').replaceAll('\\x3b', ';');
    for (const [name, bytes, nameOf] of [
      ['run.speedscope.json', kept.speedscope, plain],
      ['run.pb.gz', kept.profile, plain],
      ['run.folded', kept.folded, (frame) => frame],
    ]) {
      const { rows } = await openInSpeedscope(browser, name, bytes, screenshots && join(screenshots, `${name}.png`));
      const functions = functionsOf(kept.folded, nameOf);
      assert.ok(rows.length > Math.min(5, functions.size - 1), `${name}: ${rows.length} rows`);
      for (const { frame, ...numbers } of rows) assert.deepEqual(numbers, functions.get(frame), `${name}: ${frame}`);
    }
  });
}

async function offline(report, browser, server, screenshots, kept) {
  await report.test(names.offline, async () => {
    const file = join(server.folder, 'run.html');
    writeFileSync(file, kept.html);
    const { page, context, problems } = await openPage(browser, { offline: true });
    page.on('request', (request) => request.url() !== `file://${file}` && !request.url().startsWith(`file://${file}?`) && problems.push(`a request: ${request.url()}`));
    try {
      await page.goto(`file://${file}`);
      await page.getByRole('heading', { name: '@', exact: true }).waitFor();
      // A press on the frame of a process zooms: the root above it is drawn as a parent.
      const frames = page.locator('#frames > g');
      assert.ok((await frames.count()) > 2, 'no frames are drawn');
      const width = await page.locator('#frames').evaluate((drawing) => drawing.getBoundingClientRect().width);
      assert.ok(width > 1000, `the drawing is ${width} px wide`);
      const top = frames.filter({ has: page.locator('title') }).nth(1);
      await top.dispatchEvent('click');
      await page.locator('#frames > g.parent').first().waitFor({ state: 'attached' });
      assert.ok((await page.getByRole('row').count()) > 2, 'there is no table of functions');
      await page.getByText('profile:hz:99').first().waitFor();
      await assertAccessible(page, 'the HTML file');
      await shoot(page, screenshots, 'export-html');
      await assertClean(page, problems.filter((text) => !text.startsWith('request to another origin: file:')));
    } finally {
      await context.close();
    }
  });
}

const PERF = `bash 12/12 [000] 1.000001:     250000 cycles:
\tffffffff81a2b3c4 vfs_read+0x94 ([kernel.kallsyms])
\t    7f0123456789 read+0x19 (/usr/lib/libc.so.6)

bash 12/12 [000] 1.000002:     250000 cycles:
\t    7f0123456799 write+0x19 (/usr/lib/libc.so.6)

`;
const hist = (counts) => counts.map((count, index) => `${`[${1 << (index + 1)}, ${1 << (index + 2)})`.padEnd(16)}${String(count).padStart(8)} |@|`).join('\n');
const BPFTRACE = `Attached 1 probe\n@calls[bash]: 12\n@calls[cat]: 40\n@usecs:\n${hist([3, 40, 9])}\n`;

async function imported(report, operator, server, screenshots, kept) {
  /** Chooses a file as a person does. */
  const choose = async (page, name, content) => {
    await page.getByRole('button', { name: 'Import a file' }).waitFor();
    await page.getByLabel('File to import').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(content) });
  };
  await report.test(names.imported, () =>
    operator('/runs', async (page) => {
      await choose(page, 'cpu.pb.gz', kept.profile);
      await page.getByRole('treeitem').first().waitFor();
      await page.getByRole('heading', { name: 'cpu.pb.gz' }).waitFor();
      const total = Number(await page.getByTestId('flame').getAttribute('data-total'));
      assert.ok(total > 0);
      await assertAccessible(page, 'an imported profile');
      await shoot(page, screenshots, 'imported-pprof');

      // Dropped, not chosen.
      await page.evaluate((text) => {
        const data = new DataTransfer();
        data.items.add(new File([text], 'perf.txt'));
        for (const type of ['dragover', 'drop']) window.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
      }, PERF);
      await page.getByRole('heading', { name: 'perf.txt' }).waitFor();
      await page.getByRole('treeitem', { name: /^vfs_read/ }).waitFor();
      assert.equal(await page.getByTestId('flame').getAttribute('data-total'), '2');

      await page.goto(`${server.origin}/runs`);
      await choose(page, 'old.txt', BPFTRACE);
      await page.locator('td.key', { hasText: 'cat' }).first().waitFor();
      await page.locator('figure').first().waitFor();
      await page.getByText('Attached 1 probe').waitFor();
      await assertAccessible(page, 'imported text of bpftrace');
      await shoot(page, screenshots, 'imported-bpftrace');
      const address = page.url();
      await page.goto(`${server.origin}/`);
      await page.goto(address);
      await page.locator('td.key', { hasText: 'cat' }).first().waitFor();
    }));

  await report.test(names.refused, () =>
    operator('/runs', async (page) => {
      await choose(page, 'notes.txt', 'Dear all,\nthe meeting is at ten.\n');
      await page.getByRole('alert').filter({ hasText: /notes\.txt: This is no profile that tracedeck reads/ }).waitFor();
      await assertAccessible(page, 'a file that is no profile');
      await shoot(page, screenshots, 'import-refused');
      await choose(page, 'perf.data', 'PERFILE2\0\0');
      await page.getByRole('alert').filter({ hasText: /perf script -i perf\.data/ }).waitFor();
    }));
}
