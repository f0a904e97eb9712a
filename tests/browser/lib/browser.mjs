// A real Chromium, pages that report every violation of the content security policy, axe, screenshots.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { axeSource, chromium } from './modules.mjs';

const ARGUMENTS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** CHROMIUM, or the first that the system has; null without one. */
export function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? '').split(':');
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path)) ?? null;
}

export async function launch() {
  return chromium.launch({ executablePath: findChromium(), args: ARGUMENTS, headless: true });
}

/** A page in a profile of its own. `problems` collects what must stay empty: policy violations, errors, foreign requests. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'light', reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  const problems = [];
  await page.addInitScript(() => {
    window.__violations = [];
    document.addEventListener('securitypolicyviolation', (event) => window.__violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample} at ${event.sourceFile}:${event.lineNumber}`));
  });
  page.on('pageerror', (error) => problems.push(`error in the page: ${error.message}`));
  page.on('console', (message) => {
    // When typing replaces coloured text, Chromium's own editing command tries to keep its style in an attribute. The
    // policy refuses that, as it should; nothing of ours asked for it, which is why it has no place in any file.
    if (/Applying inline style/.test(message.text()) && !message.location().url.includes('/assets/')) return;
    // A refused login, a lost connection and a stopped server are part of some tests; the browser logs them by itself.
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text())) problems.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (!['127.0.0.1', 'localhost'].includes(url.hostname) && url.protocol !== 'data:') problems.push(`request to another origin: ${request.url()}`);
  });
  return { page, context, problems };
}

/** Fails with what went wrong in the page so far. */
export async function assertClean(page, problems) {
  const violations = await page.evaluate(() => window.__violations);
  const script = await page.evaluate(() => window.__xss);
  const ours = violations.filter((text) => !/^style-src-attr: inline .*at :0$/.test(text));
  const all = [...problems, ...ours.map((text) => `content security policy: ${text}`)];
  if (script !== undefined) all.push(`a script from data ran: ${script}`);
  if (all.length > 0) throw new Error(all.join('\n'));
}

/** Holds a screen to axe's rules in both themes. */
export async function assertAccessible(page, name) {
  // Evaluated over the debugging protocol, which the page's policy does not concern.
  await page.evaluate(axeSource);
  for (const theme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme: theme });
    await assertNoViolations(page, `${name}, ${theme}`);
  }
}

async function assertNoViolations(page, name) {
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  if (violations.length === 0) return;
  const lines = violations.map((violation) => `${violation.id} (${violation.impact}): ${violation.help}\n    ${violation.nodes.slice(0, 4).map((node) => `${node.target.join(' ')}: ${node.any[0]?.message ?? node.all[0]?.message ?? ''}`).join('\n    ')}`);
  throw new Error(`axe on ${name}:\n  ${lines.join('\n  ')}`);
}

/** Saves NAME-light.png and NAME-dark.png when a directory is given. */
export async function shoot(page, directory, name) {
  if (!directory) return;
  mkdirSync(directory, { recursive: true });
  for (const theme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: theme });
    await page.screenshot({ path: join(directory, `${name}-${theme}.png`) });
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

/** Rests the pointer on a frame of a flame graph: the tree's items lie over what is drawn. */
export async function pointAt(page, item) {
  // While data arrives an item may give way to its successor between two questions: place and presence are one question.
  let box = null;
  while (box === null) {
    box = await item.first().evaluate((element) => {
      element.scrollIntoView({ block: 'nearest' });
      const { x, y, width, height } = element.getBoundingClientRect();
      return element.isConnected ? { x, y, width, height } : null;
    });
  }
  // The middle stays within a wide frame however its neighbours grow.
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
}
