// The shape of the page's source: what may import what, and how much is sent to the browser.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';

const source = fileURLToPath(new URL('../src', import.meta.url));
const built = fileURLToPath(new URL('../../static/dist', import.meta.url));

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)]));
}

const code = files(source).filter((path) => /\.(ts|svelte)$/.test(path));

describe('source', () => {
  test('lib imports nothing of the rest', () => {
    for (const path of files(join(source, 'lib'))) expect(readFileSync(path, 'utf8'), path).not.toMatch(/from '\.\.\//);
  });

  test('state is pure: no clock, no storage, no document, no network', () => {
    for (const path of files(join(source, 'state'))) expect(readFileSync(path, 'utf8'), path).not.toMatch(/Date\.now|localStorage|sessionStorage|document\.|fetch\(|WebSocket/);
  });

  test('text reaches the document as text', () => {
    for (const path of code) expect(readFileSync(path, 'utf8'), path).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|\{@html|document\.write|DOMParser/);
  });

  test('every file says what it is for, and none is long', () => {
    for (const path of code.filter((name) => !name.endsWith('.gen.ts'))) {
      const text = readFileSync(path, 'utf8');
      expect(text, path).toMatch(/^(\/\/ |<!--|\/\*)/);
      expect(text.split('\n').length, path).toBeLessThan(800);
    }
  });

  test('only what is loaded with the first series imports uPlot', () => {
    for (const path of code) {
      const text = readFileSync(path, 'utf8');
      if (!path.endsWith('charts/plot.ts')) expect(text, path).not.toMatch(/from 'uplot/);
      expect(text, path).not.toMatch(/^import (?!type).*\.\/plot'/m);
    }
  });

  test('only the lazily loaded editor imports CodeMirror', () => {
    for (const path of code) {
      const text = readFileSync(path, 'utf8');
      if (!path.includes('/editor/')) expect(text, path).not.toMatch(/from '@codemirror/);
      if (!path.endsWith('editor/editor.ts')) expect(text, path).not.toMatch(/^import (?!type).*editor\/editor'/m);
    }
  });
});

describe.skipIf(!existsSync(join(built, 'index.html')))('bundle', () => {
  const compressed = (path: string) => gzipSync(readFileSync(path), { level: 9 }).length;

  test('the first load is at most 120 kB, everything at most 300 kB (gzip)', () => {
    const html = readFileSync(join(built, 'index.html'), 'utf8');
    const first = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((match) => join(built, match[1] ?? ''));
    expect(first.length).toBeGreaterThan(1);
    const firstLoad = [join(built, 'index.html'), ...first].reduce((sum, path) => sum + compressed(path), 0);
    const everything = files(built).reduce((sum, path) => sum + compressed(path), 0);
    expect(firstLoad).toBeLessThanOrEqual(120_000);
    expect(everything).toBeLessThanOrEqual(300_000);
  });

  test('nothing is inline, and names are hashed', () => {
    const html = readFileSync(join(built, 'index.html'), 'utf8');
    expect(html).not.toMatch(/<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=/);
    for (const path of files(join(built, 'assets'))) expect(path).toMatch(/-[\w-]{8,}\.\w+$/);
    expect(statSync(join(built, 'index.html')).size).toBeLessThan(2000);
  });
});
