// The packages of the browser tests live beside the page's own: one package-lock, one install.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(new URL('../../../frontend/package.json', import.meta.url));

export const { chromium } = require('playwright-core');
export const { WebSocketServer } = require('ws');
export const { Profile } = require('pprof-format');
export const speedscopePages = join(dirname(require.resolve('speedscope/package.json')), 'dist/release');
export const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
export const repository = fileURLToPath(new URL('../../../', import.meta.url));
