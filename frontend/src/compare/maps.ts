// Two runs, map by map. What only grows is compared per second, since two runs rarely last equally long; what does not
// (a minimum, an average, a histogram's shape) as it is.
import { histogramTotal, quantileBucket } from '../charts/quantile';
import { toNumber } from '../lib/format';
import type { Bucket, KeyPart, MapView } from '../protocol.gen';
import { byBounds, merged } from '../state/history';
import { isCounter, keyText } from '../state/maps';
import type { RunState } from '../state/run';

export interface RowPair {
  readonly key: readonly KeyPart[];
  /** Null where the run has no such key. */
  readonly before: number | null;
  readonly now: number | null;
}

export interface BucketPair {
  readonly label: string;
  /** Shares of all values of their run, 0 to 1. */
  readonly before: number;
  readonly now: number;
}

export interface QuantilePair {
  readonly name: string;
  readonly before: Bucket | null;
  readonly now: Bucket | null;
}

/** Two histograms: in shares, since two runs rarely saw equally many values. */
export interface HistogramPair {
  readonly buckets: readonly BucketPair[];
  readonly quantiles: readonly QuantilePair[];
  readonly totals: { readonly before: number; readonly now: number };
}

export type MapPair =
  | { readonly kind: 'rows'; readonly name: string; readonly measure: 'per second' | 'average' | 'value'; readonly source: MapView; readonly rows: readonly RowPair[] }
  /** All keys together, and each that both have, those with the most values first; none where the map has no keys. */
  | ({ readonly kind: 'histogram'; readonly name: string; readonly keys: readonly (HistogramPair & { readonly key: readonly KeyPart[] })[] } & HistogramPair)
  | { readonly kind: 'stacks'; readonly name: string }
  | { readonly kind: 'apart'; readonly name: string; readonly why: string };

const QUANTILES = [['p50', 0.5], ['p90', 0.9], ['p99', 0.99]] as const;

export function pairs(before: RunState, now: RunState): MapPair[] {
  const then = new Map([...before.maps.values()].map(({ view }) => [view.name, view]));
  const both = [...now.maps.values()].map(({ view }) => pair(before, now, then.get(view.name) ?? null, view));
  const names = new Set([...now.maps.values()].map(({ view }) => view.name));
  const gone = [...then.keys()].filter((name) => !names.has(name)).map((name): MapPair => ({ kind: 'apart', name, why: 'only in the run before' }));
  return [...both, ...gone];
}

function pair(before: RunState, now: RunState, then: MapView | null, view: MapView): MapPair {
  const { name } = view;
  if (then === null) return { kind: 'apart', name, why: 'only in this run' };
  if (then.kind !== view.kind || then.has_stack !== view.has_stack) return { kind: 'apart', name, why: 'holds values of different kinds' };
  if (view.has_stack) return { kind: 'stacks', name };
  if (view.kind === 'histogram') return histograms(then, view);
  if (view.kind !== 'number' && view.kind !== 'stats') return { kind: 'apart', name, why: view.kind === 'text' ? 'holds texts, which have no difference' : 'is a series over time' };
  const counter = isCounter(now.run?.maps ?? [], name) && isCounter(before.run?.maps ?? [], name);
  const measure = view.kind === 'stats' ? 'average' : counter ? 'per second' : 'value';
  return { kind: 'rows', name, measure, source: view, rows: rows(values(then, seconds(before, measure)), values(view, seconds(now, measure))) };
}

/** What values are divided by. */
function seconds(run: RunState, measure: string): number {
  return measure === 'per second' ? Math.max(run.run?.duration_ms ?? 0, 1) / 1000 : 1;
}

function values(view: MapView, divisor: number): Map<string, { key: readonly KeyPart[]; value: number }> {
  return new Map(
    view.entries.flatMap(({ key, value }) => {
      const amount = value.t === 'number' ? toNumber(value.v) : value.t === 'stats' ? toNumber(value.average) : null;
      return amount === null ? [] : [[keyText(key), { key, value: amount / divisor }] as const];
    }),
  );
}

function rows(before: ReturnType<typeof values>, now: ReturnType<typeof values>): RowPair[] {
  const all = new Map([...before, ...now]);
  return [...all]
    .map(([text, { key }]): RowPair => ({ key, before: before.get(text)?.value ?? null, now: now.get(text)?.value ?? null }))
    .sort((a, b) => Math.abs(changeOf(b)) - Math.abs(changeOf(a)));
}

export const changeOf = (row: RowPair) => (row.now ?? 0) - (row.before ?? 0);

function histograms(then: MapView, view: MapView): MapPair {
  const bucketsOf = (map: MapView) => new Map(map.entries.flatMap(({ key, value }) => (value.t === 'histogram' ? [[keyText(key), { key, buckets: value.buckets }] as const] : [])));
  const old = bucketsOf(then);
  const keys = [...bucketsOf(view)].flatMap(([text, { key, buckets }]) => {
    const before = old.get(text);
    return before && key.length > 0 ? [{ key, ...histogram(before.buckets, buckets) }] : [];
  });
  keys.sort((a, b) => b.totals.before + b.totals.now - a.totals.before - a.totals.now);
  return { kind: 'histogram', name: view.name, keys, ...histogram(merged(then), merged(view)) };
}

function histogram(before: readonly Bucket[], now: readonly Bucket[]): HistogramPair {
  const totals = { before: histogramTotal(before), now: histogramTotal(now) };
  const share = (list: readonly Bucket[], label: string, total: number) => (total === 0 ? 0 : toNumber(list.find((bucket) => bucket.label === label)?.count ?? 0) / total);
  const labels = [...new Map([...before, ...now].sort(byBounds).map((bucket) => [bucket.label, bucket])).keys()];
  return {
    totals,
    buckets: labels.map((label) => ({ label, before: share(before, label, totals.before), now: share(now, label, totals.now) })),
    quantiles: QUANTILES.map(([name, quantile]) => ({ name, before: quantileBucket(before, quantile), now: quantileBucket(now, quantile) })),
  };
}
