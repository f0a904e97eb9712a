import { describe, expect, test } from 'vitest';
import { grantFromFragment } from '../src/credentials';
import { flamePath, flameTreePath, parseRoute, pathOf, runRoute, tableOptions, withTableOptions, withView } from '../src/routes';
import { curlLines } from '../src/lib/command';
import { parseMessage } from '../src/socket';

describe('addresses', () => {
  test('what is shown survives its address', () => {
    const route = { ...runRoute('Ab_1-9'), panel: '@calls', chart: 'table', focus: 'x1y', find: 'vfs & <b>', view: { flip: '1', frame: 'kernel:a b&c', vs: 'at:10000', order: 'total', from: '5', to: '9' } };
    const url = new URL(pathOf(route), 'http://x');
    expect(parseRoute(url.pathname, url.search)).toEqual(route);
  });

  test('two runs that are compared are both in the address', () => {
    const route = { screen: 'compare' as const, run: 'b2', before: 'a_1-x' };
    const url = new URL(pathOf(route), 'http://x');
    expect(parseRoute(url.pathname, url.search)).toEqual(route);
    expect(parseRoute('/compare', '?run=b2&before=../x')).toEqual({ ...route, before: null });
    expect(parseRoute('/compare', '').screen).toBe('unknown');
  });

  test('anything else is unknown, not a run', () => {
    expect(parseRoute('/r/../etc', '').screen).toBe('unknown');
    expect(parseRoute('/r/', '').screen).toBe('unknown');
    expect(parseRoute('/', '').screen).toBe('home');
  });

  test('a link with a script in it does not carry it anywhere', () => {
    expect(parseRoute('/write', '?script=BEGIN%7B%7D&run=1')).toEqual({ screen: 'write', example: null });
  });

  test('a flame graph has an address of its own', () => {
    expect(flamePath('r1', '@a[b]', { viewKey: 'k&1' })).toBe('/r/r1/flame.svg?map=%40a%5Bb%5D&k=k%261');
  });

  test('switches are set and taken away, and nothing else is read from an address', () => {
    const set = withView(runRoute('r1'), { flip: '1', idle: 'shown' });
    expect(pathOf(set)).toBe('/r/r1?flip=1&idle=shown');
    expect(pathOf(withView(set, { flip: null }))).toBe('/r/r1?idle=shown');
    expect(parseRoute('/r/r1', '?onload=x&flip=')).toEqual(runRoute('r1'));
  });

  test('a tree is asked for at a moment or after one', () => {
    expect(flameTreePath('r1', '@')).toBe('/r/r1/flame.json?map=%40');
    expect(flameTreePath('r1', '@', { at: 1200.4, from: 0 })).toBe('/r/r1/flame.json?map=%40&at=1200&from=0');
  });

  test('lines for curl keep a script in one argument', () => {
    const lines = curlLines('http://h:1', { id: 'r1', source: "begin { printf(\"it's\\n\") }" });
    expect(lines.find((line) => line.does === 'Run the script again')?.line).toContain(`'{"source":"begin { printf(\\"it'\\''s\\\\n\\") }"}'`);
    expect(lines.every((line) => line.line.includes('http://h:1/api/runs'))).toBe(true);
  });
});

describe('switches of several tables', () => {
  test('each table has its own, and none leaves nothing', () => {
    const one = withTableOptions(undefined, '@a', { sort: 'rate' });
    const two = withTableOptions(one ?? undefined, '@b', { filter: 'x' });
    expect([tableOptions(two ?? undefined, '@a'), tableOptions(two ?? undefined, '@b'), tableOptions(two ?? undefined, '@c')]).toEqual([{ sort: 'rate' }, { filter: 'x' }, {}]);
    expect(withTableOptions(withTableOptions(two ?? undefined, '@a', { sort: null }) ?? undefined, '@b', { filter: null })).toBeNull();
  });

  test.each(['', '{', '[1]', 'null', '{"@a": 3}', '{"@a": {"sort": {}}}', '{"__proto__": {"sort": "x"}}'])('%s from a hostile link is nothing', (text) => {
    expect(tableOptions(text, '@a')).toEqual({});
  });
});

describe('grants', () => {
  test('only k and v grant anything', () => {
    expect(grantFromFragment('#k=abc')).toEqual({ kind: 'token', value: 'abc' });
    expect(grantFromFragment('#v=abc')).toEqual({ kind: 'view', value: 'abc' });
    expect(grantFromFragment('#script=BEGIN')).toBeNull();
    expect(grantFromFragment('')).toBeNull();
  });
});

describe('messages', () => {
  test('what is not a message of ours is left out', () => {
    expect(parseMessage('{"type":"skipped","lines":3}')).toEqual({ type: 'skipped', lines: 3 });
    for (const data of ['', 'null', '[]', '{', '{"type":"other"}', 7, new ArrayBuffer(2)]) expect(parseMessage(data)).toBeNull();
  });
});
