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

  await report.test('a note to a moment and one to a frame: written, marked where they belong, shown again from the list', () =>
    inPage('/r/flame#k=good', async (page) => {
      await page.getByRole('treeitem', { name: /^ExecutorRun/ }).waitFor();
      await page.keyboard.press('m');
      await page.getByText('None yet. A note is about').waitFor();
      await page.getByLabel('The moment 00:42').check();
      await page.getByRole('textbox', { name: 'Note' }).fill('deploy');
      await page.getByRole('button', { name: 'Add the note' }).click();
      const list = page.getByRole('list', { name: 'Notes to this run' });
      await list.getByText('deploy').waitFor();
      await page.keyboard.press('Escape');
      await page.getByTestId('time-strip').getByTestId('note-mark').waitFor({ state: 'attached' });

      const frame = page.getByRole('treeitem', { name: /^ExecutorRun/ });
      const box = await frame.boundingBox();
      await page.mouse.click(box.x + 20, box.y + 8);
      await page.waitForURL(/zoom=/);
      const zoomed = new URL(page.url()).search;
      await page.getByRole('button', { name: 'Notes 1' }).click();
      assert.equal(await page.getByLabel('The frame ExecutorRun').isChecked(), true);
      await page.getByRole('textbox', { name: 'Note' }).fill('a sort that spills');
      await page.getByRole('button', { name: 'Add the note' }).click();
      await list.getByRole('button', { name: 'ExecutorRun in @', exact: true }).waitFor();
      await looksRight(page, 'notes');
      await page.keyboard.press('Escape');
      await page.getByRole('treeitem', { name: /^ExecutorRun.*Note: a sort that spills/ }).getByTestId('note-mark').waitFor();

      await page.goto(`${server.origin}/r/flame`);
      await page.getByRole('button', { name: 'Notes 2' }).click();
      await list.getByRole('button', { name: 'ExecutorRun in @', exact: true }).click();
      await page.waitForURL((url) => url.search === zoomed);
      await page.getByRole('treeitem', { name: /^ExecutorRun.*Note: a sort that spills/ }).waitFor();
      await page.keyboard.press('m');
      await list.getByRole('button', { name: 'Remove the note of 00:42' }).click();
      await list.getByText('deploy').waitFor({ state: 'detached' });
    }));

  await report.test('a bucket with a note has a mark that says it, and another is written', () =>
    inPage('/r/histogram?show=%40usecs#k=good', async (page) => {
      await page.getByRole('row', { name: /\[16, 32\)/ }).getByRole('img', { name: 'Note: <img src=x' }).waitFor();
      await page.keyboard.press('m');
      await page.getByLabel('A bucket').check();
      await page.getByRole('combobox', { name: 'Histogram' }).selectOption({ label: '@usecs' });
      await page.getByRole('combobox', { name: 'Bucket' }).selectOption('[64, 128)');
      await page.getByRole('textbox', { name: 'Note' }).fill('the queue');
      await page.getByRole('button', { name: 'Add the note' }).click();
      await page.getByRole('button', { name: '[64, 128) in @usecs', exact: true }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('row', { name: /\[64, 128\)/ }).getByRole('img', { name: 'Note: the queue' }).waitFor();
      await looksRight(page, 'bucket-note');
    }));

  await report.test('a guest reads notes and writes none; hostile ones are text', async () => {
    await inPage('/r/flame#v=viewkey', async (page) => {
      await page.getByRole('button', { name: /^Notes \d/ }).click();
      await page.getByText('a sort that spills').waitFor();
      assert.equal(await page.getByRole('button', { name: /Add|Remove/ }).count(), 0);
    });
    await inPage('/r/hostile#k=good', async (page) => {
      await page.getByRole('button', { name: 'Notes 3' }).click();
      const list = page.getByRole('list', { name: 'Notes to this run' });
      await list.getByText('<iframe srcdoc').first().waitFor();
      assert.equal(await page.locator('dialog :is(script, iframe, img, math, svg, style, a)').count(), 0);
      await looksRight(page, 'hostile-notes');
      // A place that is not in this run leads to the run, not to an error.
      await list.locator('.where').last().click();
      await page.getByRole('button', { name: 'Notes 3' }).waitFor();
    });
  });

  await report.test('maps are ticked for /metrics where scripts are told how to ask; a refused tick says why', () =>
    inPage('/r/histogram#k=good', async (page) => {
      await page.getByRole('button', { name: 'Share' }).click();
      await page.getByText('From scripts').click();
      await page.getByRole('checkbox', { name: '@usecs', exact: true }).click();
      await page.getByRole('checkbox', { name: '@usecs_by' }).click();
      await page.getByText('Only maps of numbers and histograms').waitFor();
      assert.equal(await page.getByRole('checkbox', { name: '@usecs_by' }).isChecked(), false);
      await looksRight(page, 'metrics');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Share' }).click();
      await page.getByText('From scripts').click();
      await page.waitForFunction(() => [...document.querySelectorAll('dialog input[type=checkbox]')].some((box) => box.checked));
      assert.equal(await page.getByRole('checkbox', { name: '@usecs', exact: true }).isChecked(), true);
    }));

  await report.test('settings tell how long runs are kept and what goes next; an admin sets the days', () =>
    inPage('/settings#k=good', async (page) => {
      const stored = page.getByRole('region', { name: 'Stored runs' });
      await stored.getByText('412 runs in 83 MiB of 1,024 MiB').waitFor();
      await stored.getByText('3 runs are older than that').waitFor();
      assert.equal(await stored.getByRole('button', { name: 'Save' }).isDisabled(), true);
      await looksRight(page, 'stored-runs');
      await stored.getByLabel(/Keep ended runs for/).fill('0');
      await stored.getByRole('button', { name: 'Save' }).click();
      await stored.getByText('3 runs are older than that').waitFor({ state: 'detached' });
      await page.reload();
      await stored.getByText('412 runs').waitFor();
      assert.equal(await stored.getByLabel(/Keep ended runs for/).inputValue(), '0');
    }));

  await server.stop();
}
