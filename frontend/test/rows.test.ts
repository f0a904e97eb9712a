import { describe, expect, test } from 'vitest';
import { filtered, grouped, groupedRates, parseGroup, parseSort, pressed, sorted, sortText, sparkPath, tsv } from '../src/charts/rows';
import { lineFilter } from '../src/lib/pattern';
import { unitOf } from '../src/lib/units';
import { keyText } from '../src/state/maps';
import type { MapEntry } from '../src/protocol.gen';

const entry = (pid: number, name: string, v: number | string): MapEntry => ({ key: [{ t: 'number', v: pid }, { t: 'text', v: name }], value: { t: 'number', v } });
const entries = [entry(20, 'cat', 30), entry(3, 'bash', 20), entry(100, 'awk', 10)];
const pids = (list: readonly MapEntry[]) => list.map((one) => one.key[0]?.v);

describe('rows', () => {
  test('numbers sort as numbers, names as names, and both ways', () => {
    expect(pids(sorted(entries, parseSort('0'), () => 0))).toEqual([3, 20, 100]);
    expect(pids(sorted(entries, parseSort('-0'), () => 0))).toEqual([100, 20, 3]);
    expect(pids(sorted(entries, parseSort('1'), () => 0))).toEqual([100, 3, 20]);
    expect(pids(sorted(entries, parseSort(undefined), () => 0))).toEqual([20, 3, 100]);
    expect(pids(sorted(entries, parseSort('rate'), (_, one) => Number(one.key[0]?.v)))).toEqual([100, 20, 3]);
    expect(pids(sorted(entries, parseSort('-change'), (measure, one) => (measure === 'change' ? Number(one.key[0]?.v) : 0)))).toEqual([3, 20, 100]);
  });

  test('a second press turns the order round, and addresses know it', () => {
    const once = pressed(parseSort(undefined), 'rate');
    expect(sortText(once)).toBe('rate');
    expect(sortText(pressed(once, 'rate'))).toBe('-rate');
    expect(parseSort(sortText(pressed(once, 'rate')) ?? '')).toEqual({ by: 'rate', up: true });
    expect(parseSort('<b>')).toEqual({ by: 'value', up: false });
  });

  test('a filter looks into every part of the key', () => {
    expect(pids(filtered(entries, 'AS'))).toEqual([3]);
    expect(pids(filtered(entries, '100'))).toEqual([100]);
    expect(filtered(entries, ' ')).toBe(entries);
  });

  test('TSV keeps exact numbers and one line for each row', () => {
    expect(tsv(['pid', 'comm'], 'sum', [entry(1, 'a\tb', '18446744073709551615')])).toBe('pid\tcomm\tsum\n1\ta\\tb\t18446744073709551615\n');
  });

  test('a spark ends at the right edge', () => {
    expect(sparkPath([1, 2], 80, 18, 40)).toMatch(/^M77\.9 .*L80\.0 1\.0$/);
    expect(sparkPath([1], 80, 18, 40)).toBe('');
  });
});

describe('groups', () => {
  const rows = [entry(1, 'cat', '18446744073709551615'), entry(2, 'awk', 7), entry(3, 'cat', 1), entry(2, 'cat', 3)];

  test('rows that share a part add up, exactly', () => {
    expect(grouped(rows, 1)).toEqual([{ key: [{ t: 'text', v: 'cat' }], value: { t: 'number', v: '18446744073709551619' } }, { key: [{ t: 'text', v: 'awk' }], value: { t: 'number', v: 7 } }]);
    expect(grouped(rows, 0).map((row) => [row.key[0]?.v, row.value])).toEqual([[1, { t: 'number', v: '18446744073709551615' }], [2, { t: 'number', v: 10 }], [3, { t: 'number', v: 1 }]]);
  });

  test('rates add up where they are known', () => {
    const rates = new Map([[keyText(rows[1]?.key ?? []), 2], [keyText(rows[3]?.key ?? []), 5]]);
    expect([...groupedRates(rows, rates, 0).values()]).toEqual([7]);
  });

  test('only what has several parts and adds up is grouped', () => {
    expect(parseGroup('1', 2, true)).toBe(1);
    for (const [text, parts, addsUp] of [['2', 2, true], ['0', 1, true], ['0', 2, false], ['<b>', 2, true], [undefined, 2, true]] as const) expect(parseGroup(text, parts, addsUp)).toBeNull();
  });
});

describe('line filter', () => {
  test('patterns match in any case, unfinished ones are text', () => {
    expect(lineFilter('open|close')?.test('OPENAT')).toBe(true);
    expect(lineFilter('^a.c$')?.test('abc')).toBe(true);
    expect(lineFilter('foo(')?.test('a foo( b')).toBe(true);
    expect(lineFilter('foo(')?.problem).toMatch(/Not a pattern/);
    expect(lineFilter('  ')).toBeNull();
  });

  test('a pattern that may take for ever is text', () => {
    const filter = lineFilter('(a+)+$');
    expect(filter?.problem).toMatch(/Too slow/);
    expect(filter?.test(`${'a'.repeat(60)}!`)).toBe(false);
  });
});

test('units are read from names, and from whole words only', () => {
  expect(['@read_usecs', '@ns', '@bytes', '@latency_ms', '@kb', '@status', '@columns', '@'].map(unitOf)).toEqual(['µs', 'ns', 'bytes', 'ms', 'KiB', null, null, null]);
});
