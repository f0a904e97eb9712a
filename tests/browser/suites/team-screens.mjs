// Who is signed in, links, accounts and the audit, over the stand-in server.
import assert from 'node:assert/strict';
import { assertAccessible, assertClean, openPage, shoot } from '../lib/browser.mjs';
import { startMock } from '../lib/mock.mjs';

export async function teamScreens(report, browser, { screenshots }) {
  const server = await startMock();
  const inPage = async (path, body) => {
    const { page, context, problems } = await openPage(browser);
    try {
      await page.goto(`${server.origin}${path}`);
      await body(page);
      await assertClean(page, problems);
    } finally {
      await context.close();
    }
  };
  const looksRight = async (page, name) => {
    await assertAccessible(page, name);
    await shoot(page, screenshots, `mock-${name}`);
  };

  await report.test('the top bar says who one is, and the run who watches and who began it', () =>
    inPage('/r/flame#k=good', async (page) => {
      await page.getByTestId('me').filter({ hasText: 'root · admin' }).waitFor();
      assert.equal(await page.getByTestId('watchers').getAttribute('title'), 'ada (2), Guests by link');
    }));

  await report.test('the share dialog makes a link to this view, and lists and revokes those there are', () =>
    inPage('/r/flame?show=%40#k=good', async (page) => {
      await page.getByRole('treeitem').first().waitFor();
      await page.getByRole('button', { name: 'Share' }).click();
      await page.getByText('Live: the run as it goes on').waitFor();
      const links = page.getByRole('region', { name: 'Links to this run' });
      await links.getByText('Frozen, by ada').waitFor();
      assert.equal(await links.getByRole('button', { name: /^Revoke/ }).count(), 1, 'a revoked link can be revoked');
      await page.getByLabel('Frozen: a copy of what there is now').check();
      await page.getByRole('button', { name: 'Create frozen link' }).click();
      const link = page.getByLabel('Read-only link');
      await link.waitFor();
      assert.equal(await link.inputValue(), `${server.origin}/r/flame?show=%40#v=viewkey`);
      await page.getByText('From scripts').click();
      await page.getByRole('region', { name: 'Stop it' }).waitFor();
      await looksRight(page, 'share');
    }));

  await report.test('a guest reads the note of the link, as text', () =>
    inPage('/r/flame#v=viewkey', async (page) => {
      await page.getByTestId('link-note').filter({ hasText: '<script>' }).waitFor();
      await looksRight(page, 'guest');
    }));

  for (const [key, words] of [['revoked', 'This link was revoked'], ['expired', 'This link has expired'], ['unknown', 'This link is not known here']]) {
    await report.test(`a link that is ${key} says so`, () =>
      inPage(`/r/flame#v=${key}`, async (page) => {
        await page.getByRole('heading', { name: 'This link does not open' }).waitFor();
        await page.getByText(words).waitFor();
        await looksRight(page, `link-${key}`);
      }));
  }

  await report.test('the audit is filtered, and shows the script of a run', () =>
    inPage('/audit#k=good', async (page) => {
      await page.getByRole('row').nth(3).waitFor();
      await page.getByText('Script', { exact: true }).click();
      await page.locator('pre').waitFor();
      await looksRight(page, 'audit');
      await page.getByLabel('Action').selectOption('share');
      await page.getByRole('row').nth(2).waitFor({ state: 'detached' });
      assert.equal(await page.getByRole('row').count(), 2);
    }));

  await report.test('an administrator makes an account, whose address is shown once', () =>
    inPage('/settings#k=good', async (page) => {
      await page.getByRole('rowheader', { name: 'ada' }).waitFor();
      await page.getByLabel('Name of the account').fill('bob');
      await page.getByRole('combobox', { name: 'Role' }).selectOption('operator');
      await page.getByRole('button', { name: 'Make an account' }).click();
      const address = page.getByLabel('Address of the account');
      await address.waitFor();
      assert.equal(await address.inputValue(), `${server.origin}/#k=secret-of-ada`);
      await looksRight(page, 'accounts');
    }));

  await server.stop();
}
