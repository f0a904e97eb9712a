// A script's parameters as fields: on a tool's card and above the editor. Against the real server.
import assert from 'node:assert/strict';
import { assertAccessible, shoot } from '../lib/browser.mjs';
import { live, operatorOf, stop } from '../lib/operator.mjs';
import { findBinary, Tracedeck } from '../lib/tracedeck.mjs';

const names = {
  tool: 'parameters: a tool has a field for what it takes, and the run has its value',
  editor: 'parameters: what getopt and $1 read becomes fields above the editor while typing',
  many: 'many functions: a pattern for hundreds is asked about before Run, and no leaves the script as it is',
};

export async function forms(report, browser, { screenshots }) {
  const { path, reason } = findBinary();
  if (path === null) {
    for (const name of Object.values(names)) report.skip(name, reason);
    return;
  }
  const server = await Tracedeck.start(path);
  const operator = operatorOf(browser, server);
  try {
    await report.test(names.tool, () =>
      operator('/tools', async (page) => {
        const card = page.locator('article', { hasText: 'opensnoop' });
        await card.getByText('Name of a program; empty for all').waitFor();
        await card.getByLabel('comm').fill('a b');
        await assertAccessible(page, 'a tool with a parameter');
        const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/api/runs'));
        await card.getByRole('button', { name: /Start/ }).click();
        assert.deepEqual((await sent).postDataJSON().parameters, ['--comm=a b']);
        await live(page);
        await page.keyboard.press('e');
        assert.equal(await page.getByRole('group', { name: 'Parameters' }).getByLabel('comm').inputValue(), 'a b');
        await stop(page);
      }));

    await report.test(names.editor, () =>
      operator('/write', async (page) => {
        await page.locator('.cm-content').fill('begin { printf("%d %d %d\\n", $1, getopt("count", 5, "How many"), getopt("all")); exit(); }');
        const fields = page.getByRole('group', { name: 'Parameters' });
        await fields.getByLabel('$1').fill('7');
        await fields.getByLabel('count').fill('many');
        await fields.getByText('A whole number').waitFor();
        await fields.getByLabel('count').fill('9');
        await fields.getByText('How many').waitFor();
        await fields.getByLabel('all').check();
        await assertAccessible(page, 'the form above the editor');
        await shoot(page, screenshots, 'parameters');
        await page.getByRole('button', { name: /^Run/ }).click();
        await page.getByText('7 9 1', { exact: true }).waitFor();
      }));

    await report.test(names.many, () =>
      operator('/write', async (page) => {
        const started = [];
        page.on('request', (request) => request.method() === 'POST' && request.url().endsWith('/api/runs') && started.push(request));
        await page.locator('.cm-content').fill('uprobe:libc:p* { @calls = count(); }');
        await page.getByText(/Attaches to \d{3} probes/).waitFor();
        await page.keyboard.press('Control+Enter');
        const dialog = page.getByRole('dialog', { name: /Attach to \d{3} functions\?/ });
        await dialog.waitFor();
        await assertAccessible(page, 'the question about many functions');
        await shoot(page, screenshots, 'many-functions');
        await page.keyboard.press('Escape');
        await dialog.waitFor({ state: 'detached' });
        assert.equal(started.length, 0, 'nothing is started without a yes');
        assert.match(await page.locator('.cm-content').textContent(), /uprobe:libc/);
        await page.getByRole('button', { name: /^Run/ }).click();
        await dialog.getByRole('button', { name: 'Attach to all' }).click();
        await live(page);
        assert.equal(started.length, 1);
        await stop(page);
        await dialog.waitFor({ state: 'detached' });
      }));
  } finally {
    await server.stop();
  }
}
