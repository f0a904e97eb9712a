// What a run did over time: totals at moments, from the server's recording and from what arrives live.
import { toNumber } from '../lib/format';
import type { Bucket, History, MapView } from '../protocol.gen';

/** Live points are at least this far apart. */
const STEP_MS = 1000;

export interface Totals {
  readonly atMs: number;
  readonly events: number;
  readonly lost: number;
}

export interface HistogramTotals {
  readonly atMs: number;
  readonly buckets: readonly Bucket[];
}

export interface HistoryState {
  readonly points: readonly Totals[];
  /** By name of the map. */
  readonly histograms: ReadonlyMap<string, readonly HistogramTotals[]>;
}

export const emptyHistory: HistoryState = { points: [], histograms: new Map() };

/** What the server has recorded goes before what the page has seen itself. */
export function withRecorded(state: HistoryState, recorded: History): HistoryState {
  const until = recorded.points.at(-1)?.at_ms ?? 0;
  const later = state.points.filter((point) => point.atMs > until);
  const histograms = new Map(state.histograms);
  for (const { map, points } of recorded.histograms) {
    const end = points.at(-1)?.at_ms ?? 0;
    const live = (state.histograms.get(map) ?? []).filter((point) => point.atMs > end);
    histograms.set(map, [...points.map((point) => ({ atMs: point.at_ms, buckets: point.buckets })), ...live]);
  }
  return { points: [...recorded.points.map((point) => ({ atMs: point.at_ms, events: point.events, lost: point.lost })), ...later], histograms };
}

/** Adds the totals of a live message, at most one point in a second. */
export function addLive(state: HistoryState, totals: Totals, maps: readonly MapView[]): HistoryState {
  const last = state.points.at(-1);
  if (last && totals.atMs - last.atMs < STEP_MS) return state;
  const histograms = new Map(state.histograms);
  for (const view of maps) {
    if (view.kind === 'histogram') histograms.set(view.name, [...(state.histograms.get(view.name) ?? []), { atMs: totals.atMs, buckets: merged(view) }]);
  }
  return { points: [...state.points, totals], histograms };
}

/** All histograms of a map as one, in order of their buckets. */
export function merged(view: MapView): Bucket[] {
  const sums = new Map<string, { bucket: Bucket; count: number }>();
  for (const { value } of view.entries) {
    if (value.t !== 'histogram') continue;
    for (const bucket of value.buckets) {
      const known = sums.get(bucket.label);
      if (known) known.count += toNumber(bucket.count);
      else sums.set(bucket.label, { bucket, count: toNumber(bucket.count) });
    }
  }
  return [...sums.values()].map(({ bucket, count }) => ({ ...bucket, count })).sort(byBounds);
}

export function byBounds(a: Bucket, b: Bucket): number {
  const low = (bucket: Bucket) => (bucket.low === null ? -Infinity : toNumber(bucket.low));
  return low(a) - low(b);
}

export interface Rate {
  readonly fromMs: number;
  readonly toMs: number;
  readonly perSecond: number;
  /** Lost within this step. */
  readonly lost: number;
}

/** Growth between neighbouring points. A total that shrinks was cleared by the script: that step counts as none. */
export function ratesOf(points: readonly Totals[]): Rate[] {
  const rates: Rate[] = [];
  let before: Totals = { atMs: 0, events: 0, lost: 0 };
  for (const point of points) {
    const span = point.atMs - before.atMs;
    if (span > 0) rates.push({ fromMs: before.atMs, toMs: point.atMs, perSecond: (Math.max(0, point.events - before.events) * 1000) / span, lost: Math.max(0, point.lost - before.lost) });
    before = point;
  }
  return rates;
}

export interface HeatMap {
  /** From the lowest to the highest. */
  readonly buckets: readonly Bucket[];
  readonly columns: readonly { readonly fromMs: number; readonly toMs: number; readonly counts: readonly number[] }[];
  readonly most: number;
}

/** What came into each bucket in each step; neighbouring steps are joined until there are at most `columns`. */
export function heatMap(points: readonly HistogramTotals[], columns: number): HeatMap {
  const byLabel = new Map<string, Bucket>();
  for (const point of points) for (const bucket of point.buckets) byLabel.set(bucket.label, bucket);
  const buckets = [...byLabel.values()].sort(byBounds);
  const every = Math.max(1, Math.ceil(points.length / columns));
  const out: { fromMs: number; toMs: number; counts: number[] }[] = [];
  let before = new Map<string, number>();
  let fromMs = 0;
  let most = 0;
  points.forEach((point, index) => {
    if (index % every !== every - 1 && index !== points.length - 1) return;
    const now = new Map(point.buckets.map((bucket) => [bucket.label, toNumber(bucket.count)]));
    const counts = buckets.map((bucket) => Math.max(0, (now.get(bucket.label) ?? 0) - (before.get(bucket.label) ?? 0)));
    for (const count of counts) most = Math.max(most, count);
    out.push({ fromMs, toMs: point.atMs, counts });
    before = now;
    fromMs = point.atMs;
  });
  return { buckets, columns: out, most };
}
