// A view equals its link: what a person sets by hand is what the address shows in another browser. Against the real server.
import assert from 'node:assert/strict';
import { pointAt } from '../lib/browser.mjs';
import { operatorOf, stop, live } from '../lib/operator.mjs';
import { busyProcess, findBinary, Tracedeck } from '../lib/tracedeck.mjs';

const SCRIPT = `tracepoint:syscalls:sys_enter_write, tracepoint:syscalls:sys_enter_read {
  @calls[comm, pid] = count();
  @sizes[comm] = hist(args.count);
}
profile:hz:99 { @stacks[comm, kstack(5), ustack(5)] = count(); }
interval:ms:50 { printf("tick %d\\n", ++@n); }`;

const drag = async (page) => {
  const box = await page.getByRole('slider', { name: /Time of the run/ }).boundingBox();
  await page.mouse.move(box.x + box.width * 0.2, box.y + 8);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, box.y + 8, { steps: 4 });
  await page.mouse.up();
  await page.waitForFunction(() => document.querySelector('[data-testid="range"]')?.textContent !== '');
};

/** Where it begins, what is waited for there, and what a hand does. */
const VIEWS = [
  ['a table: order, filter, rows', '?show=%40calls', 'td.key', async (page) => {
    await page.locator('th button.sort').first().click();
    await page.getByPlaceholder('Filter rows').fill('d');
    await page.locator('select.field').last().selectOption({ index: 1 });
  }],
  ['a table of a stretch', '?show=%40calls', 'td.key', drag],
  ['histograms over time', '?show=%40sizes', 'figure', (page) => page.getByRole('button', { name: 'Over time' }).click()],
  ['a flame graph: zoom, search, colours, icicle', '?show=%40stacks', '[role=treeitem]', async (page) => {
    await pointAt(page, page.getByRole('treeitem', { name: /^dd,/ }));
    await page.mouse.down();
    await page.mouse.up();
    await page.getByTestId('reset-zoom').and(page.locator(':enabled')).waitFor();
    await page.getByPlaceholder('Search  /').fill('read');
    await page.getByRole('button', { name: 'Module', exact: true }).click();
    await page.getByRole('button', { name: 'Icicle' }).click();
    assert.ok(await page.getByTestId('reset-zoom').isEnabled(), 'the zoom is gone');
  }],
  ['a table of functions: order, search', '?show=%40stacks&as=functions', 'td.key', async (page) => {
    await page.getByRole('columnheader', { name: 'total' }).getByRole('button').click();
    await page.getByPlaceholder('Search  /').fill('e');
  }],
  ['the log: filter', '?show=log', '.row', (page) => page.getByPlaceholder('Filter, a regular expression').fill('tick .*[13]$')],
];

export async function links(report, browser) {
  const { path, reason } = findBinary();
  if (path === null) {
    for (const [name] of VIEWS) report.skip(`links: ${name}`, reason);
    return;
  }
  const server = await Tracedeck.start(path);
  const busy = busyProcess();
  try {
    const operator = operatorOf(browser, server);
    let run = null;
    await operator('/write', async (page) => {
      await page.locator('.cm-content').fill(SCRIPT);
      await page.getByRole('button', { name: /^Run/ }).click();
      await live(page);
      run = new URL(page.url()).pathname;
      await page.goto(`${server.origin}${run}?show=log`);
      await page.getByText(/^tick [4-9]\d$/).first().waitFor();
      await stop(page);
    });
    const kept = [];
    for (const [name, query, ready, act] of VIEWS) {
      await report.test(`links: ${name}`, async () => {
        await operator(`${run}${query}`, async (page) => {
          await page.locator(ready).first().waitFor();
          await settled(page);
          const before = await settled(page);
          await act(page);
          const wanted = await settled(page);
          assert.notEqual(wanted, before, 'nothing changed by hand');
          const { pathname, search } = new URL(page.url());
          kept.push([name, pathname + search, wanted]);
        });
        await same(operator, ...kept.at(-1).slice(1));
      });
    }
    await growing(report, operator);
    await server.down();
    await server.up();
    for (const [name, address, wanted] of kept) await report.test(`links: ${name}, after a restart of the server`, () => same(operator, address, wanted));
  } finally {
    busy.kill();
    await server.stop();
  }
}

/** While data arrives, a view that came from a link stays as it was set: here and in another browser. */
async function growing(report, operator) {
  let run = null;
  await operator('/write', async (page) => {
    await page.locator('.cm-content').fill(SCRIPT);
    await page.getByRole('button', { name: /^Run/ }).click();
    await live(page);
    run = new URL(page.url()).pathname;
    for (const [name, query, ready, act] of VIEWS.filter(([, , selector]) => selector !== 'figure' && selector !== 'td.key')) {
      await report.test(`links: ${name}, of a run that goes on`, () => kept(operator, `${run}${query}`, ready, act));
    }
    const [, query, ready, act] = VIEWS[0];
    await report.test(`links: ${VIEWS[0][0]}, of a run that goes on`, () => kept(operator, `${run}${query}`, ready, act));
    await stop(page);
  });
}

async function kept(operator, address, ready, act) {
  let link = null;
  let wanted = null;
  await operator(address, async (page) => {
    await page.locator(ready).first().waitFor();
    await act(page);
    // The address follows within a moment; what is typed last is in it.
    await page.waitForFunction((before) => location.search.length > before, new URL(page.url()).search.length - 1);
    await page.waitForTimeout(500);
    link = page.url();
    wanted = await settings(page);
  });
  await operator(new URL(link).pathname + new URL(link).search, async (page) => {
    await page.locator(ready).first().waitFor();
    await page.waitForFunction((wanted) => window.__settings?.() === wanted, wanted, { timeout: 5000 }).catch(() => undefined);
    assert.equal(await settings(page), wanted, link);
    const events = async () => Number((await page.locator('[data-testid="state"]').textContent()).match(/(\d+):(\d+)/)?.slice(1).join('') ?? 0);
    const then = await events();
    await page.waitForFunction((then) => Number(document.querySelector('[data-testid="state"]').textContent.match(/(\d+):(\d+)/).slice(1).join('')) >= then + 2, then);
    assert.equal(await settings(page), wanted, `${link} after two more seconds of data`);
    assert.equal(new URL(page.url()).search, new URL(link).search, 'the address stays as it is');
  });
}

/** What a hand has set, without the data. */
function settings(page) {
  return page.evaluate(() => {
    const all = (selector, read) => [...document.querySelectorAll(selector)].filter((one) => one.offsetParent !== null).map(read);
    const text = (one) => one.textContent.replace(/\s+/g, ' ').trim();
    window.__settings = () => JSON.stringify({
      fields: all('main input, main select', (one) => one.value),
      // Whether anything was idle, and how much, is data.
      pressed: all('main [aria-pressed=true]:not([data-testid="idle"]), main [aria-selected=true]', text),
      // A column of what grew comes when there is something to compare with.
      sorted: all('main th[aria-sort]:not([aria-sort=none])', (one) => `${text(one)} ${one.getAttribute('aria-sort')}`),
      zoomed: all('[data-testid="reset-zoom"]', (one) => one.disabled),
    });
    return window.__settings();
  });
}

async function same(operator, address, wanted) {
  await operator(address, async (page) => {
    await page.evaluate(describe);
    await page.waitForFunction((wanted) => window.__shown() === wanted, wanted).catch(() => undefined);
    assert.deepEqual(JSON.parse(await settled(page)), JSON.parse(wanted), address);
  });
}

/** What is to be seen, once it has been the same for half a second. */
async function settled(page) {
  await page.evaluate(describe);
  return page.evaluate(async () => {
    for (let last = null, same = 0; ; ) {
      const now = window.__shown();
      same = now === last ? same + 1 : 0;
      if (same === 5) return now;
      last = now;
      await new Promise((done) => setTimeout(done, 100));
    }
  });
}

function describe() {
  window.__shown = () => {
    const all = (selector, read) => [...document.querySelectorAll(selector)].filter((one) => one.offsetParent !== null).map(read);
    const text = (one) => one.textContent.replace(/\s+/g, ' ').trim();
    return JSON.stringify({
      fields: all('main input, main select', (one) => one.value),
      pressed: all('main [aria-pressed=true], main [aria-selected=true], main [aria-current]', text),
      sorted: all('main th[aria-sort]', (one) => `${text(one)} ${one.getAttribute('aria-sort')}`),
      keys: all('main td', text).slice(0, 60),
      frames: all('main [role=treeitem]', (one) => one.getAttribute('aria-label') ?? text(one)).slice(0, 60),
      charts: all('main figure, main canvas', (one) => one.getAttribute('aria-label') ?? text(one)),
      lines: all('main .row', text).length,
      range: all('[data-testid=range]', text),
    });
  };
}
