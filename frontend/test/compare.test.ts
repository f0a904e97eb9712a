import { describe, expect, test } from 'vitest';
import { functionPairs } from '../src/compare/functions';
import { lineDiff } from '../src/compare/lines';
import { pairs } from '../src/compare/maps';
import { sentenceOf } from '../src/compare/sentence';
import { buildTree } from '../src/flame/tree';
import type { MapView } from '../src/protocol.gen';
import { emptyRun, reduceRun, type RunState } from '../src/state/run';
import { counts, run, snapshot } from './samples';

function state(maps: MapView[], seconds: number, value = 'count_t'): RunState {
  return reduceRun(emptyRun, snapshot({ maps, run: run({ duration_ms: seconds * 1000, maps: maps.map((map) => ({ id: map.id, name: map.name, key: 'string[16]', value })) }) }));
}

function histogram(list: number[]): MapView {
  return { ...counts(1, {}), name: '@usecs', kind: 'histogram', scalar: true, sum: null, entries: [{ key: [], value: { t: 'histogram', buckets: list.map((count, index) => ({ label: `[${1 << index}, ${2 << index})`, low: 1 << index, high: 2 << index, count })) } }] };
}

const none = new Map();

describe('two runs', () => {
  test('counters are compared per second, the largest change first', () => {
    const [pair] = pairs(state([counts(1, { cat: 100, awk: 50, old: 10 })], 10), state([counts(1, { cat: 60, awk: 10, fresh: 2 })], 2));
    if (pair?.kind !== 'rows') throw new Error('no rows');
    expect(pair.measure).toBe('per second');
    expect(pair.rows.map((row) => [row.key[0]?.v, row.before, row.now])).toEqual([['cat', 10, 30], ['old', 1, null], ['fresh', null, 1], ['awk', 5, 5]]);
  });

  test('what is no counter is compared as it is', () => {
    const [pair] = pairs(state([counts(1, { cat: 100 })], 10, 'max_t'), state([counts(1, { cat: 50 })], 1, 'max_t'));
    expect(pair).toMatchObject({ measure: 'value', rows: [{ before: 100, now: 50 }] });
  });

  test('histograms are compared by shares, and by the buckets of their quantiles', () => {
    const [pair] = pairs(state([histogram([90, 9, 1])], 10, 'hist_t'), state([histogram([45, 0, 0, 5])], 10, 'hist_t'));
    if (pair?.kind !== 'histogram') throw new Error('no histogram');
    expect(pair.buckets.map((bucket) => [bucket.label, bucket.before, bucket.now])).toEqual([['[1, 2)', 0.9, 0.9], ['[2, 4)', 0.09, 0], ['[4, 8)', 0.01, 0], ['[8, 16)', 0, 0.1]]);
    expect(pair.quantiles.map((one) => [one.name, one.before?.label, one.now?.label])).toEqual([['p50', '[1, 2)', '[1, 2)'], ['p90', '[1, 2)', '[1, 2)'], ['p99', '[2, 4)', '[8, 16)']]);
    expect(sentenceOf([pair], none)).toBe('p99 of @usecs went up from [2, 4) to [8, 16) µs, while p50 stayed.');
  });

  test('histograms with keys are compared key by key too', () => {
    const keyed = (lists: Record<string, number[]>): MapView => ({ ...histogram([]), scalar: false, entries: Object.entries(lists).map(([name, list]) => ({ key: [{ t: 'text', v: name }], value: (histogram(list).entries[0] as MapView['entries'][number]).value })) });
    const [pair] = pairs(state([keyed({ read: [900, 0, 0], write: [0, 100, 0], gone: [1] })], 10, 'hist_t'), state([keyed({ read: [900, 0, 0], write: [0, 0, 0, 0, 100], fresh: [1] })], 10, 'hist_t'));
    if (pair?.kind !== 'histogram') throw new Error('no histogram');
    expect(pair.keys.map((one) => [one.key[0]?.v, one.totals.now, one.quantiles[0]?.before?.label, one.quantiles[0]?.now?.label])).toEqual([['read', 900, '[1, 2)', '[1, 2)'], ['write', 100, '[2, 4)', '[16, 32)']]);
    // Of all values only the last hundredth moved; a key with few values is not worth a word.
    expect(sentenceOf([pair], none)).toBe('p99 of @usecs went up from [2, 4) to [16, 32) µs, while p50 stayed.');
    const mixed = pairs(state([keyed({ read: [600, 600, 400], write: [0, 100, 400] })], 10, 'hist_t'), state([keyed({ read: [600, 600, 400], write: [0, 400, 100] })], 10, 'hist_t'));
    expect(sentenceOf(mixed, none)).toContain('p50 of @usecs[write] went down from [4, 8) to [2, 4) µs');
    const few = pairs(state([keyed({ read: [9000, 9000, 4000], write: [0, 100, 400] })], 10, 'hist_t'), state([keyed({ read: [9000, 9000, 4000], write: [0, 400, 100] })], 10, 'hist_t'));
    expect(sentenceOf(few, none)).toBe('No map changed noticeably.');
  });

  test('a map that only one has, or that changed its kind, says so', () => {
    const only = pairs(state([counts(1, { a: 1 })], 1), state([{ ...counts(1, { a: 1 }), name: '@other' }], 1));
    expect(only).toEqual([{ kind: 'apart', name: '@other', why: 'only in this run' }, { kind: 'apart', name: '@calls', why: 'only in the run before' }]);
    expect(sentenceOf(only, none)).toBe('The two runs have no map in common.');
    expect(pairs(state([{ ...histogram([1]), name: '@calls' }], 1), state([counts(1, { a: 1 })], 1))).toMatchObject([{ kind: 'apart', why: 'holds values of different kinds' }]);
  });
});

describe('the sentence', () => {
  const between = (before: Record<string, number>, now: Record<string, number>) => sentenceOf(pairs(state([counts(1, before)], 1), state([counts(1, now)], 1)), none);

  test('names the key that changed most and by how much', () => {
    expect(between({ cat: 100, awk: 100 }, { cat: 230, awk: 101 })).toBe('cat in @calls grew to 2.3 times: 100/s before, 230/s now.');
    expect(between({ cat: 100 }, { cat: 50 })).toBe('cat in @calls shrank by 50 %: 100/s before, 50/s now.');
    expect(between({ cat: 1 }, { cat: 1, dd: 700 })).toBe('dd in @calls is new: nothing before, 700/s now.');
  });

  test('says when nothing changed that would not change by itself', () => {
    expect(between({ cat: 100, awk: 100 }, { cat: 102, awk: 99 })).toBe('No map changed noticeably.');
    expect(between({}, {})).toBe('No map changed noticeably.');
  });

  test('names the function whose share changed most', () => {
    const tree = (first: number, second: number) => buildTree({ frames: ['all', 'read', 'sort'].map((name) => ({ name, module: '', kind: 'user' as const })), frame: [0, 1, 2], depth: [0, 1, 1], own: [0, first, second], unit: 'samples' });
    const functions = functionPairs(tree(10, 90), tree(40, 60));
    expect(functions.map((one) => one.name).sort()).toEqual(['read', 'sort']);
    expect(sentenceOf([{ kind: 'stacks', name: '@' }], new Map([['@', functions]]))).toMatch(/^(read takes 40\.0 % of @, before 10\.0 %|sort takes 60\.0 % of @, before 90\.0 %)\.$/);
  });
});

describe('scripts', () => {
  const text = (before: string, now: string) => lineDiff(before, now).map((line) => `${{ same: ' ', gone: '-', new: '+' }[line.kind]}${line.text}`);

  test('differ by lines that went and came', () => {
    expect(text('a\nb\nc\n', 'a\nx\nc\ny\n')).toEqual([' a', '-b', '+x', ' c', '+y']);
    expect(text('a\n', 'a\n')).toEqual([' a']);
    expect(text('one\ntwo\nthree', 'three\none\ntwo')).toEqual(['+three', ' one', ' two', '-three']);
  });

  test('put together give both back', () => {
    const [before, now] = ['a\nb\nb\nc\na', 'b\na\nc\nb\nb\na'];
    const diff = lineDiff(before, now);
    expect(diff.filter((line) => line.kind !== 'new').map((line) => line.text).join('\n')).toBe(before);
    expect(diff.filter((line) => line.kind !== 'gone').map((line) => line.text).join('\n')).toBe(now);
  });
});
