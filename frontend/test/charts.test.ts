import { isAggregate } from '../src/state/panels';
import { describe, expect, test } from 'vitest';
import { keyNames, keyTitle } from '../src/charts/keys';
import { seriesOf } from '../src/charts/series';
import { valueScale } from '../src/charts/scale';
import { nextOrder } from '../src/charts/order';
import { quantileBucket } from '../src/charts/quantile';
import { chartLabels, chartsFor, valueKinds } from '../src/charts/registry';
import type { MapKind } from '../src/protocol.gen';

describe('registry', () => {
  /** TypeScript refuses this table when the protocol has a kind that is not in it. */
  const kinds: Record<MapKind, true> = { number: true, stats: true, histogram: true, series: true, text: true };

  test('every kind of value has a chart', () => {
    expect([...valueKinds].sort()).toEqual(Object.keys(kinds).sort());
    for (const kind of valueKinds) {
      for (const scalar of [true, false]) {
        for (const has_stack of [true, false]) {
          const charts = chartsFor({ kind, scalar, has_stack });
          expect(charts.length, `${kind} scalar=${scalar} stack=${has_stack}`).toBeGreaterThan(0);
          for (const chart of charts) expect(chartLabels[chart]).toBeTruthy();
        }
      }
    }
  });

  test('stacks are a flame graph first', () => {
    expect(chartsFor({ kind: 'number', scalar: false, has_stack: true })).toEqual(['flame', 'functions', 'table']);
  });
});

describe('order of rows', () => {
  test('rows move at most once a second', () => {
    const first = nextOrder(null, ['a', 'b', 'c'], 0, false);
    const soon = nextOrder(first, ['b', 'a', 'c', 'd'], 400, false);
    expect(soon.keys).toEqual(['a', 'b', 'c', 'd']);
    expect(nextOrder(soon, ['b', 'a', 'c', 'd'], 1000, false).keys).toEqual(['b', 'a', 'c', 'd']);
  });

  test('rows under the pointer stay, keys that are gone leave', () => {
    const first = nextOrder(null, ['a', 'b', 'c'], 0, false);
    expect(nextOrder(first, ['c', 'a'], 60_000, true).keys).toEqual(['a', 'c']);
  });
});

describe('quantiles', () => {
  const bucket = (label: string, count: number) => ({ label, low: 0, high: 1, count });

  test('the bucket that holds the middle value is the median', () => {
    const buckets = [bucket('[1, 2)', 49), bucket('[2, 4)', 2), bucket('[4, 8)', 49)];
    expect(quantileBucket(buckets, 0.5)?.label).toBe('[2, 4)');
    expect(quantileBucket(buckets, 0.99)?.label).toBe('[4, 8)');
  });

  test('without values there is none', () => {
    expect(quantileBucket([bucket('[1, 2)', 0)], 0.5)).toBeNull();
  });
});

describe('series', () => {
  test('ticks are round and contain all values and zero', () => {
    expect(valueScale([3, 78]).ticks).toEqual([0, 20, 40, 60, 80]);
    expect(valueScale([-5, 12]).ticks).toEqual([-5, 0, 5, 10, 15]);
    expect(valueScale([0]).high).toBeGreaterThan(0);
  });

  test('points stand at their time, so that a gap is as wide as it was long', () => {
    const point = (at: string, value: number | string) => ({ at, value });
    const points = [point('2026-01-01T00:00:01.000Z', 0), point('2026-01-01T00:00:02.000Z', '18446744073709551615'), point('2026-01-01T00:00:05.500Z', 5)];
    const { times, values } = seriesOf({ t: 'series', interval_ms: 500, points });
    expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 1000, 4500]);
    expect(values).toEqual([0, 2 ** 64, 5]);
  });

  test('what is no series has no points', () => {
    expect(seriesOf({ t: 'number', v: 3 }).times).toEqual([]);
  });
});

describe('keys', () => {
  test('columns are called as the script calls them', () => {
    const source = '@bytes[pid, str(args.name), $s[1]] = count();';
    expect(keyNames(source, '@bytes', ['uint32', 'string[64]', 'int64'])).toEqual(['pid', 'str(args.name)', '$s[1]']);
  });

  test('a map that the script does not write that way shows its types', () => {
    expect(keyNames('@other[comm] = 1', '@bytes', ['uint32', 'ksym_t'])).toEqual(['uint32', 'ksym']);
    expect(keyNames('@bytes[(1,2)]', '@bytes', ['int64', 'int64'])).toEqual(['int64', 'int64']);
  });

  test('pids have no thousands separators, hostile names are visible', () => {
    expect(keyTitle([{ t: 'number', v: 12345 }, { t: 'text', v: 'a\u202eb\n' }])).toBe('12345, a\\u{202e}b\\n');
  });
});

test('what is counted is told from what a script keeps in between', () => {
  expect(['count_t', 'usum_t', 'hist_t', 'stats_t', 'tseries_t', 'avg_t'].map(isAggregate)).toEqual([true, true, true, true, true, true]);
  expect(['uint64', 'string[16]', 'kstack_t', 'int64', '(uint64,string[16])'].map(isAggregate)).toEqual([false, false, false, false, false]);
});
