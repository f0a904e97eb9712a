// Builds the page into ../static/dist: hashed names under /assets, nothing inline, so that a strict CSP holds.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('../static'),
  publicDir: false,
  base: '/',
  plugins: [
    svelte({
      configFile: false,
      compilerOptions: {
        runes: true,
        // Elements are created one by one instead of through innerHTML: no Trusted Types policy of Svelte's is needed.
        fragments: 'tree',
      },
    }),
  ],
  build: {
    outDir: here('../static/dist'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    reportCompressedSize: true,
  },
  server: { fs: { allow: [here('..')] } },
  test: {
    root: here('.'),
    include: ['test/**/*.test.ts'],
    environment: 'node',
  },
});
