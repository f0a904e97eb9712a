// A run that has ended is played again. Against the real server.
import assert from 'node:assert/strict';
import { assertAccessible, shoot } from '../lib/browser.mjs';
import { ended, operatorOf } from '../lib/operator.mjs';
import { findBinary, Tracedeck } from '../lib/tracedeck.mjs';

const NAME = 'replay: an ended run plays at a speed, pauses, and its link restores the moment';

export async function replay(report, browser, { screenshots }) {
  const { path, reason } = findBinary();
  if (path === null) {
    report.skip(NAME, reason);
    return;
  }
  const server = await Tracedeck.start(path);
  try {
    await report.test(NAME, () =>
      operatorOf(browser, server)('/write', async (page) => {
        // A count that says what time it is: two more every 100 ms.
        await page.locator('.cm-content').fill('interval:ms:100 { @n = count(); @twice = count(); if (@n > 30) { exit(); } }');
        await page.getByRole('button', { name: /^Run/ }).click();
        await ended(page);
        const shown = async () => Number((await page.getByTestId('number').first().textContent()).replace(/\D/g, ''));
        const whole = await shown();
        assert.ok(whole > 25, `only ${whole} ticks`);
        assert.equal(await page.getByTestId('range').textContent(), '');
        await page.getByLabel('Speed').selectOption('0.25');
        await page.getByRole('button', { name: 'Play' }).click();
        // It begins at the start, where little has been counted, and grows.
        await page.waitForFunction((most) => { const n = Number(document.querySelector('[data-testid="number"]')?.textContent?.replace(/\D/g, '') || 0); return n > 0 && n < most; }, whole - 5);
        await page.getByRole('button', { name: 'Pause' }).click();
        const at = await shown();
        assert.ok(at < whole - 5, `${at} of ${whole} where it was paused`);
        assert.match(page.url(), /[?&]to=\d+/);
        await assertAccessible(page, 'a run that is played');
        await shoot(page, screenshots, 'replay');
        await page.reload();
        await page.getByRole('button', { name: 'Play' }).waitFor();
        await page.waitForFunction((wanted) => Number(document.querySelector('[data-testid="number"]')?.textContent?.replace(/\D/g, '') || 0) === wanted, at);
        await page.getByLabel('Speed').selectOption('16');
        await page.getByRole('button', { name: 'Play' }).click();
        // At the end the whole run is shown again.
        await page.waitForFunction(() => document.querySelector('[data-testid="range"]')?.textContent === '');
        await page.getByRole('button', { name: 'Play' }).waitFor();
        assert.equal(await shown(), whole);
      }));
  } finally {
    await server.stop();
  }
}
