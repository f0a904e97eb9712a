// The maps of a run: the newest view of each, and how fast its numbers grow.
import { toNumber } from '../lib/format';
import type { KeyPart, MapEntry, MapShape, MapView } from '../protocol.gen';

/** Rates are taken over at least this long, so that they can be read. */
const RATE_WINDOW_MS = 1000;
/** Rates that are kept of each key, for its small line. */
export const TRAIL = 40;
/** How far a change looks back. */
export const CHANGE_MS = 10_000;

export interface MapState {
  readonly view: MapView;
  /** Growth per second by `keyText`, empty until two views lie a window apart or when the value is no counter. */
  readonly rates: ReadonlyMap<string, number>;
  /** The last rates of each key, oldest first. */
  readonly trails: ReadonlyMap<string, readonly number[]>;
  /** Growth per second of the sum of all keys. */
  readonly sumRate: number | null;
  readonly base: RateBase | null;
  /** What each number grew or fell by in the last `CHANGE_MS`, or since the page is open if that is shorter. */
  readonly changes: ReadonlyMap<string, number>;
  /** Values of before, a second apart, oldest first. */
  readonly past: readonly Past[];
}

interface Past {
  readonly atMs: number;
  readonly values: ReadonlyMap<string, number>;
  /** All keys were among the values. */
  readonly whole: boolean;
}

interface RateBase {
  readonly atMs: number;
  readonly values: ReadonlyMap<string, number>;
  readonly sum: number | null;
}

export type MapsState = ReadonlyMap<number, MapState>;

export const noMaps: MapsState = new Map();

/** A key as one string, unambiguous between parts and between text and number. */
export function keyText(key: readonly KeyPart[]): string {
  return JSON.stringify(key.map((part) => (part.t === 'stack' ? part.v.map((frame) => [frame.name, frame.module]) : [part.t, part.v])));
}

/** Only counters have a rate: the growth of a minimum or of a last value means nothing. */
export function isCounter(shapes: readonly MapShape[], name: string): boolean {
  const value = shapes.find((shape) => shape.name === name)?.value ?? '';
  return /^u?(count|sum)(_t)?\b/.test(value);
}

export function mapsFromSnapshot(views: readonly MapView[], shapes: readonly MapShape[], atMs: number): MapsState {
  return updateMaps(noMaps, views, shapes, atMs);
}

export function updateMaps(state: MapsState, views: readonly MapView[], shapes: readonly MapShape[], atMs: number): MapsState {
  if (views.length === 0) return state;
  const next = new Map(state);
  for (const view of views) {
    const known = state.get(view.id);
    if (known && known.view.version > view.version) continue;
    const rated = isCounter(shapes, view.name) ? withRates(known ?? null, view, atMs) : plain(view);
    next.set(view.id, view.kind === 'number' ? withChanges(rated, known ?? null, atMs) : rated);
  }
  return next;
}

/** Rates of a run that no longer changes would be the last ones seen; an ended run shows none. */
export function withoutRates(state: MapsState): MapsState {
  return new Map([...state].map(([id, map]) => [id, { ...plain(map.view), trails: map.trails }]));
}

function plain(view: MapView): MapState {
  return { view, rates: new Map(), trails: new Map(), sumRate: null, base: null, changes: new Map(), past: [] };
}

/** Compares with the oldest values that are kept: of `CHANGE_MS` ago, a second more or less. */
function withChanges(state: MapState, known: MapState | null, atMs: number): MapState {
  const past = known?.past ?? [];
  const last = past.at(-1);
  if (known && last && atMs - last.atMs < RATE_WINDOW_MS) return { ...state, changes: known.changes, past };
  const values = numberValues(state.view.entries);
  const grown = [...past, { atMs, values, whole: state.view.omitted === 0 }];
  const kept = grown.filter((one) => atMs - one.atMs <= CHANGE_MS);
  const start = kept[0];
  const changes = new Map<string, number>();
  if (start && atMs > start.atMs) {
    for (const [key, value] of values) {
      // A key that was not among those sent before may be old and have moved up: its change is unknown.
      const before = start.values.get(key) ?? (start.whole ? 0 : null);
      if (before !== null) changes.set(key, value - before);
    }
  }
  return { ...state, changes, past: kept };
}

function withRates(known: MapState | null, view: MapView, atMs: number): MapState {
  if (known?.base && atMs - known.base.atMs < RATE_WINDOW_MS) return { ...known, view };
  const values = numberValues(view.entries);
  const sum = view.sum === null ? null : toNumber(view.sum);
  const fresh: RateBase = { atMs, values, sum };
  if (!known?.base) return { ...plain(view), base: fresh };
  const elapsed = atMs - known.base.atMs;
  const perSecond = (now: number, before: number) => ((now - before) * 1000) / elapsed;
  const rates = new Map<string, number>();
  for (const [key, value] of values) {
    const before = known.base.values.get(key);
    // A key that was not among the entries sent before may be old and have moved up: its growth is unknown.
    const start = before ?? (known.view.omitted === 0 ? 0 : null);
    // A smaller value means that the script cleared it.
    if (start !== null && value >= start) rates.set(key, perSecond(value, start));
  }
  const sumRate = sum !== null && known.base.sum !== null && sum >= known.base.sum ? perSecond(sum, known.base.sum) : null;
  const trails = new Map([...rates].map(([key, rate]) => [key, [...(known.trails.get(key) ?? []), rate].slice(-TRAIL)]));
  return { ...plain(view), rates, trails, sumRate, base: fresh };
}

function numberValues(entries: readonly MapEntry[]): Map<string, number> {
  const values = new Map<string, number>();
  for (const entry of entries) {
    if (entry.value.t === 'number') values.set(keyText(entry.key), toNumber(entry.value.v));
  }
  return values;
}
