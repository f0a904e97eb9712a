// A stretch of a run: what its maps and its log hold after one moment and up to another.
import { toNumber } from '../lib/format';
import type { Bucket, MapEntry, MapValue, MapView } from '../protocol.gen';
import { isCounter, keyText, type MapsState } from './maps';
import type { RunState } from './run';

/** `after` minus `before`. What does not add up (a minimum, a last value) stays as it is at the end. */
export function between(before: RunState, after: RunState, fromMs: number): RunState {
  const maps: MapsState = new Map(
    [...after.maps].map(([id, map]) => {
      const counter = isCounter(after.run?.maps ?? [], map.view.name);
      const then = before.maps.get(id)?.view;
      return [id, { ...map, view: then ? subtract(map.view, then, counter) : map.view }];
    }),
  );
  const lines = after.log.lines.filter((line) => line.at_ms >= fromMs);
  return { ...after, maps, log: { ...after.log, lines, older: 0 } };
}

function subtract(now: MapView, then: MapView, counter: boolean): MapView {
  const known = new Map(then.entries.map((entry) => [keyText(entry.key), entry.value]));
  const entries = now.entries
    .map((entry): MapEntry | null => {
      const value = difference(entry.value, known.get(keyText(entry.key)), counter);
      return value && { key: entry.key, value };
    })
    .filter((entry) => entry !== null);
  const sum = counter && now.sum !== null ? toNumber(now.sum) - toNumber(then.sum ?? 0) : now.sum;
  return { ...now, entries: entries.sort((a, b) => size(b.value) - size(a.value)), sum };
}

/** Null for a key that has not changed. */
function difference(now: MapValue, then: MapValue | undefined, counter: boolean): MapValue | null {
  if (then === undefined) return now;
  if (now.t === 'number' && then.t === 'number' && counter) {
    const change = toNumber(now.v) - toNumber(then.v);
    return change === 0 ? null : { t: 'number', v: change };
  }
  if (now.t === 'stats' && then.t === 'stats') {
    const count = toNumber(now.count) - toNumber(then.count);
    const total = toNumber(now.total) - toNumber(then.total);
    return count <= 0 ? null : { t: 'stats', count, total, average: Math.trunc(total / count) };
  }
  if (now.t === 'histogram' && then.t === 'histogram') {
    const counts = new Map(then.buckets.map((bucket) => [bucket.label, toNumber(bucket.count)]));
    const buckets = now.buckets.map((bucket): Bucket => ({ ...bucket, count: Math.max(0, toNumber(bucket.count) - (counts.get(bucket.label) ?? 0)) }));
    return buckets.every((bucket) => bucket.count === 0) ? null : { t: 'histogram', buckets: trim(buckets) };
  }
  return now;
}

function trim(buckets: Bucket[]): Bucket[] {
  const used = (bucket: Bucket) => bucket.count !== 0;
  return buckets.slice(buckets.findIndex(used), buckets.findLastIndex(used) + 1);
}

function size(value: MapValue): number {
  switch (value.t) {
    case 'number':
      return toNumber(value.v);
    case 'stats':
      return toNumber(value.total);
    case 'histogram':
      return value.buckets.reduce((sum, bucket) => sum + toNumber(bucket.count), 0);
    default:
      return 0;
  }
}
