import { describe, expect, test } from 'vitest';
import type { Bucket, MapView } from '../src/protocol.gen';
import { addLive, emptyHistory, heatMap, merged, ratesOf, withRecorded } from '../src/state/history';
import { between } from '../src/state/range';
import { emptyRun, reduceRun } from '../src/state/run';
import { counts, lines, run, snapshot } from './samples';

const bucket = (low: number, count: number): Bucket => ({ label: `[${low}, ${low * 2})`, low, high: low * 2, count });
const histogram = (...entries: Bucket[][]): MapView => ({
  id: 1, name: '@usecs', version: 1, kind: 'histogram', scalar: entries.length < 2, key_parts: [], has_stack: false, total_entries: entries.length, omitted: 0, sum: null,
  entries: entries.map((buckets, index) => ({ key: entries.length < 2 ? [] : [{ t: 'number', v: index }], value: { t: 'histogram', buckets } })),
});

describe('history', () => {
  test('live points come at most once a second', () => {
    let state = emptyHistory;
    for (const atMs of [100, 600, 1100, 1900, 2200]) state = addLive(state, { atMs, events: atMs, lost: 0 }, []);
    expect(state.points.map((point) => point.atMs)).toEqual([100, 1100, 2200]);
  });

  test('what was recorded goes first, what the page saw later stays', () => {
    let state = addLive(emptyHistory, { atMs: 1500, events: 15, lost: 0 }, []);
    state = addLive(state, { atMs: 5000, events: 50, lost: 0 }, [histogram([bucket(4, 3)])]);
    const recorded = { points: [{ at_ms: 1000, events: 10, lost: 0 }, { at_ms: 2000, events: 20, lost: 1 }], histograms: [{ map: '@usecs', points: [{ at_ms: 2000, buckets: [bucket(4, 1)] }] }] };
    const all = withRecorded(state, recorded);
    expect(all.points.map((point) => point.atMs)).toEqual([1000, 2000, 5000]);
    expect(all.histograms.get('@usecs')?.map((point) => point.atMs)).toEqual([2000, 5000]);
  });

  test('rates are growth per second; a total that was cleared is none, a loss stands in its step', () => {
    const rates = ratesOf([{ atMs: 2000, events: 100, lost: 0 }, { atMs: 3000, events: 20, lost: 0 }, { atMs: 4000, events: 30, lost: 7 }]);
    expect(rates.map((rate) => rate.perSecond)).toEqual([50, 0, 10]);
    expect(rates.map((rate) => rate.lost)).toEqual([0, 0, 7]);
  });

  test('keyed histograms add up, in order of their buckets', () => {
    expect(merged(histogram([bucket(8, 1), bucket(16, 2)], [bucket(4, 5), bucket(8, 1)])).map((one) => [one.low, one.count])).toEqual([[4, 5], [8, 2], [16, 2]]);
  });

  test('a heat map holds what came in each step, and every value once', () => {
    const points = Array.from({ length: 10 }, (_, index) => ({ atMs: (index + 1) * 1000, buckets: [bucket(4, index + 1), ...(index > 4 ? [bucket(8, 3)] : [])] }));
    const fine = heatMap(points, 100);
    expect(fine.columns).toHaveLength(10);
    expect(fine.columns[5]?.counts).toEqual([1, 3]);
    expect(fine.most).toBe(3);
    const coarse = heatMap(points, 3);
    expect(coarse.columns.length).toBeLessThanOrEqual(3);
    expect(coarse.columns.flatMap((column) => column.counts).reduce((sum, count) => sum + count, 0)).toBe(13);
    expect(coarse.columns.at(-1)?.toMs).toBe(10_000);
    expect(heatMap([], 10).columns).toEqual([]);
  });
});

describe('a stretch of a run', () => {
  const shapes = [{ id: 0, name: '@calls', key: 'string[16]', value: 'count_t' }];
  const state = (view: MapView, more = {}) => reduceRun(emptyRun, snapshot({ run: run({ maps: shapes }), maps: [view], ...more }));

  test('counters are what came between, unchanged keys are gone, lines are those of the time', () => {
    const before = state(counts(1, { bash: 10, cat: 5 }));
    const after = state(counts(2, { bash: 12, cat: 5, node: 7 }), { log: lines(1, 10) });
    const range = between(before, after, 6);
    const view = range.maps.get(0)?.view;
    expect(view?.entries.map((entry) => [entry.key[0]?.v, entry.value.t === 'number' ? entry.value.v : null])).toEqual([['node', 7], ['bash', 2]]);
    expect(view?.sum).toBe(9);
    expect(range.log.lines.map((line) => line.at_ms)).toEqual([6, 7, 8, 9, 10]);
  });

  test('histograms lose what was there before, and their empty ends', () => {
    const range = between(state(histogram([bucket(4, 3), bucket(8, 1)])), state(histogram([bucket(4, 3), bucket(8, 6), bucket(16, 1)])), 0);
    const value = range.maps.get(1)?.view.entries[0]?.value;
    expect(value?.t === 'histogram' ? value.buckets.map((one) => [one.low, one.count]) : null).toEqual([[8, 5], [16, 1]]);
  });
});
