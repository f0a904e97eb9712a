// Contrast by construction: the pairs that stand on each other are read from the tokens themselves.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const source = readFileSync(new URL('../../static/style/tokens.css', import.meta.url), 'utf8');
const tokens = new Map([...source.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map((match) => [match[1] ?? '', { light: match[2] ?? '', dark: match[3] ?? '' }]));

function luminance(hex: string): number {
  const channel = (at: number) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const surfaces = ['ground', 'surface', 'raised', 'sunken', 'hover'];
const text: [string, string][] = [
  ...['text', 'text-quiet', 'accent'].flatMap((name) => surfaces.map((surface): [string, string] => [name, surface])),
  ...['code-keyword', 'code-probe', 'code-map', 'code-variable', 'code-function', 'code-string', 'code-number', 'code-comment'].flatMap((name) => ['raised', 'hover'].map((surface): [string, string] => [name, surface])),
  ...['good', 'warn', 'bad'].flatMap((name) => ['ground', 'surface', 'raised'].map((surface): [string, string] => [name, surface])),
  ...['kernel', 'user', 'jit', 'inlined', 'unresolved'].flatMap((kind): [string, string][] => [[`on-${kind}`, kind], [`on-${kind}`, `${kind}-2`]]),
  ['on-match', 'match'], ['on-accent', 'accent'], ['on-accent', 'accent-strong'], ['text', 'accent-soft'], ['text', 'warn-soft'], ['warn', 'warn-soft'], ['text', 'bad-soft'], ['bad', 'bad-soft'], ['text-quiet', 'bad-soft'], ['text-quiet', 'warn-soft'],
  ['text', 'less-soft'], ['text', 'more-soft'], ['text-quiet', 'less-soft'], ['text-quiet', 'more-soft'],
];

describe.each(['light', 'dark'] as const)('%s theme', (theme) => {
  const colour = (name: string) => {
    const pair = tokens.get(name);
    if (!pair) throw new Error(`there is no token --${name}`);
    return pair[theme];
  };

  test.each(text)('--%s can be read on --%s', (front, back) => {
    expect(contrast(colour(front), colour(back))).toBeGreaterThanOrEqual(4.5);
  });

  test.each([['line-strong', 'raised'], ['line-strong', 'surface'], ['focus', 'surface'], ['focus', 'raised'], ['focus', 'ground']])('--%s can be seen on --%s', (front, back) => {
    expect(contrast(colour(front), colour(back))).toBeGreaterThanOrEqual(3);
  });
});
