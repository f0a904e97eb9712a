// speedscope as its users have it, from its own package: opens a file and tells what it shows of it.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { speedscopePages } from './modules.mjs';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm' };

/** Opens a file under this name: what speedscope said, and its table of functions as far as it is on the screen. */
export async function openInSpeedscope(browser, name, bytes, picture = null) {
  const server = createServer((request, answer) => {
    const file = basename(new URL(request.url, 'http://speedscope').pathname) || 'index.html';
    readFile(join(speedscopePages, file)).then(
      (content) => answer.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(content),
      () => answer.writeHead(404).end(),
    );
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  try {
    const page = await context.newPage();
    const said = [];
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => (said.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.setInputFiles('input[type=file]', { name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });
    await page.getByText('Sandwich').click();
    await page.locator('tr').nth(1).waitFor().catch(() => Promise.reject(new Error(`speedscope shows nothing of ${name}: ${said.join('; ')}`)));
    if (picture) await page.screenshot({ path: picture });
    const rows = await page.locator('tr').evaluateAll((all) => all.slice(1).map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent.trim())));
    // `1,234 (5.6%)`
    const number = (text) => Number(text.split(' ')[0].replaceAll(',', ''));
    return { said, rows: rows.map(([total, self, frame]) => ({ frame, total: number(total), self: number(self) })) };
  } finally {
    await context.close();
    server.close();
  }
}
