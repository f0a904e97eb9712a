// What the page costs, measured by Chromium's own tracing: `cargo xtask bench --only page`. Each measurement is a line of
// JSON: what, unit, value. TRACEDECK names the binary, CHROMIUM the browser.
import { launch, openPage } from './lib/browser.mjs';
import { largeTree } from './lib/large-tree.mjs';
import { startMock } from './lib/mock.mjs';
import { live, operatorOf } from './lib/operator.mjs';
import { quantile, trace } from './lib/trace.mjs';
import { findBinary, Tracedeck } from './lib/tracedeck.mjs';

const NODES = 1_000_000;
const SECONDS = 10;
/** 10,000 lines a second. */
const SCRIPT = 'interval:ms:1 { for ($i : 0..10) { printf("%-16s %d reads of a file with a longer name\\n", comm, ++@n); } }';

const tell = (what, unit, value) => console.log(JSON.stringify({ what: `page: ${what}`, unit, value }));

/** Draws with every frame, as an animation does, so that each late one is seen. */
const animate = (page) => page.evaluate(() => void (function frame() { window.__animation = requestAnimationFrame(frame); })());

function tellFrames(what, traced) {
  const frames = traced.frames();
  tell(`${what}, frame, median`, 'ms', quantile(frames, 0.5));
  tell(`${what}, frame, p99`, 'ms', quantile(frames, 0.99));
  tell(`${what}, frames later than 2 ticks`, '%', (100 * frames.filter((took) => took > 34).length) / frames.length);
  tell(`${what}, longest task`, 'ms', traced.tasks().at(-1));
}

async function log(browser, path) {
  const server = await Tracedeck.start(path);
  try {
    await operatorOf(browser, server)('/', async (page) => {
      const clicked = Date.now();
      await page.getByRole('button', { name: 'Start System calls by process' }).click();
      await page.locator('td.key').first().waitFor();
      tell('first number after 1 click on the start page', 'ms', Date.now() - clicked);
      await page.getByRole('button', { name: 'Stop' }).click();
      await page.goto(`${server.origin}/write`);
      await page.getByRole('textbox', { name: 'Script' }).click();
      await page.keyboard.press('Control+a');
      await page.keyboard.insertText(SCRIPT);
      await page.keyboard.press('Control+Enter');
      await live(page);
      await page.locator('.row').nth(20).waitFor();
      const count = () => page.evaluate(() => Number(/([\d,]+) lines/.exec(document.querySelector('main').textContent)?.[1].replaceAll(',', '')));
      await animate(page);
      const [before, begun] = [await count(), Date.now()];
      const traced = await trace(browser, page, () => page.waitForTimeout(SECONDS * 1000));
      tell('log, lines', '/s', (1000 * ((await count()) - before)) / (Date.now() - begun));
      tellFrames('log', traced);
      await page.getByRole('button', { name: 'Stop' }).click();
    });
  } finally {
    await server.stop();
  }
}

async function flame(browser) {
  const server = await startMock({ tree: JSON.stringify(largeTree(NODES)) });
  const { page, context } = await openPage(browser);
  try {
    // A run that has ended: the graph is fetched once.
    await page.goto(`${server.origin}/r/large#k=good`);
    await page.locator(`[data-testid="flame"][data-nodes="${NODES}"]`).waitFor();
    const canvas = page.getByRole('tree', { name: /^Flame graph/ });
    const items = canvas.getByRole('treeitem');
    await items.first().waitFor();
    const zoomed = await trace(browser, page, async () => {
      for (let round = 0; round < 5; round++) {
        await canvas.focus();
        for (const key of ['ArrowUp', 'ArrowUp', 'Enter']) await page.keyboard.press(key, { delay: 50 });
        await page.waitForURL(/zoom=/);
        await page.keyboard.press('Escape');
        await page.waitForURL((url) => !url.search.includes('zoom='));
      }
    });
    const zooms = zoomed.answers('keydown').sort((one, other) => one - other);
    tell('flame graph of 1,000,000 nodes, key to drawn, median', 'ms', quantile(zooms, 0.5));
    tell('flame graph of 1,000,000 nodes, key to drawn, longest', 'ms', zooms.at(-1));
    const field = page.getByLabel('Search frames');
    await field.focus();
    const searched = await trace(browser, page, async () => {
      for (const letter of 'function_77') await page.keyboard.press(letter, { delay: 50 });
      await page.waitForTimeout(300);
    });
    const searches = searched.answers('input').sort((one, other) => one - other);
    tell('flame graph of 1,000,000 nodes, search to drawn, median', 'ms', quantile(searches, 0.5));
    tell('flame graph of 1,000,000 nodes, search to drawn, longest', 'ms', searches.at(-1));
    await animate(page);
    const box = await canvas.boundingBox();
    const pointed = await trace(browser, page, async () => {
      for (let step = 0; step < 120; step++) {
        await page.mouse.move(box.x + ((step * 37) % box.width), box.y + ((step * 17) % box.height));
        await page.waitForTimeout(16);
      }
    });
    tellFrames('flame graph of 1,000,000 nodes, pointer moves', pointed);
  } finally {
    await context.close();
    await server.stop();
  }
}

const { path, reason } = findBinary();
if (path === null) throw new Error(reason);
const browser = await launch();
try {
  await flame(browser);
  await log(browser, path);
} finally {
  await browser.close();
}
