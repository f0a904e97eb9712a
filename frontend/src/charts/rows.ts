// Which rows of a table are shown, in which order, and how they are copied.
import { toNumber } from '../lib/format';
import type { MapEntry } from '../protocol.gen';
import { keyText } from '../state/maps';
import { partText } from './keys';

/** `value`, `rate`, `change`, or the number of a column of the key; a minus before it turns the order round. */
export interface Sort {
  readonly by: 'value' | Measure | number;
  readonly up: boolean;
}

/** What is made of a value over time. */
export type Measure = 'rate' | 'change';

export const byValue: Sort = { by: 'value', up: false };

export function parseSort(text: string | undefined): Sort {
  const match = /^(-?)(value|rate|change|\d)$/.exec(text ?? '');
  if (!match) return byValue;
  const by = match[2] === 'value' || match[2] === 'rate' || match[2] === 'change' ? match[2] : Number(match[2]);
  return { by, up: match[1] === '-' };
}

/** Null for the order that needs no word in the address. */
export function sortText(sort: Sort): string | null {
  return sort.by === 'value' && !sort.up ? null : `${sort.up ? '-' : ''}${sort.by}`;
}

/** Numbers from the largest, names from A; pressed again the other way round. */
export function pressed(sort: Sort, by: Sort['by']): Sort {
  return sort.by === by ? { by, up: !sort.up } : { by, up: false };
}

export function sorted(entries: readonly MapEntry[], sort: Sort, measured: (measure: Measure, entry: MapEntry) => number): MapEntry[] {
  const turn = sort.up ? -1 : 1;
  const by = sort.by;
  if (typeof by !== 'number') {
    // The server sends the largest first, texts in order of their keys.
    if (by === 'value') return sort.up ? [...entries].reverse() : [...entries];
    return [...entries].sort((a, b) => turn * (measured(by, b) - measured(by, a)));
  }
  return [...entries].sort((a, b) => turn * compareParts(a, b, by));
}

function compareParts(a: MapEntry, b: MapEntry, column: number): number {
  const [x, y] = [a.key[column], b.key[column]];
  if (x?.t === 'number' && y?.t === 'number') return toNumber(x.v) - toNumber(y.v);
  return (x ? partText(x) : '').localeCompare(y ? partText(y) : '');
}

/** Rows with the text in any part of their key or value. */
export function filtered(entries: readonly MapEntry[], text: string): readonly MapEntry[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return entries;
  return entries.filter((entry) => entry.key.some((part) => partText(part).toLowerCase().includes(wanted)) || (entry.value.t === 'text' && entry.value.v.toLowerCase().includes(wanted)));
}

/** The part of the key that an address asks to group by: only what has several parts, and adds up. */
export function parseGroup(text: string | undefined, parts: number, addsUp: boolean): number | null {
  return addsUp && parts > 1 && /^\d$/.test(text ?? '') && Number(text) < parts ? Number(text) : null;
}

/** Rows that share one part of their keys as one row, the largest first; exact beyond what a double holds. */
export function grouped(entries: readonly MapEntry[], part: number): MapEntry[] {
  const sums = new Map<string, { key: MapEntry['key']; sum: bigint }>();
  for (const { key, value } of entries) {
    const shared = key.slice(part, part + 1);
    const amount = value.t === 'number' && /^-?\d+$/.test(String(value.v)) ? BigInt(value.v) : 0n;
    const known = sums.get(keyText(shared));
    if (known) known.sum += amount;
    else sums.set(keyText(shared), { key: shared, sum: amount });
  }
  const exact = (sum: bigint) => (Number.isSafeInteger(Number(sum)) ? Number(sum) : String(sum));
  return [...sums.values()].sort((a, b) => (a.sum < b.sum ? 1 : a.sum > b.sum ? -1 : 0)).map(({ key, sum }) => ({ key, value: { t: 'number', v: exact(sum) } }));
}

/** The rates or changes of such rows: of those that are known. */
export function groupedRates(entries: readonly MapEntry[], rates: ReadonlyMap<string, number>, part: number): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { key } of entries) {
    const rate = rates.get(keyText(key));
    const shared = keyText(key.slice(part, part + 1));
    if (rate !== undefined) sums.set(shared, (sums.get(shared) ?? 0) + rate);
  }
  return sums;
}

/** What a spreadsheet takes: a line for each row, exact numbers, tabs and newlines in names made visible before. */
export function tsv(names: readonly string[], valueName: string, entries: readonly MapEntry[]): string {
  const lines = entries.map((entry) => {
    const value = entry.value.t === 'number' || entry.value.t === 'text' ? String(entry.value.v) : '';
    return [...entry.key.map(partText), value].map((cell) => cell.replace(/[\t\n]/g, ' ')).join('\t');
  });
  return `${[[...names, valueName].join('\t'), ...lines].join('\n')}\n`;
}

/** A small line for a cell, newest at the right, as an SVG path. */
export function sparkPath(values: readonly number[], width: number, height: number, slots: number): string {
  if (values.length < 2) return '';
  const most = Math.max(...values) || 1;
  const step = width / (slots - 1);
  const left = width - (values.length - 1) * step;
  return values.map((value, at) => `${at === 0 ? 'M' : 'L'}${(left + at * step).toFixed(1)} ${(height - 1 - (value / most) * (height - 2)).toFixed(1)}`).join('');
}
