// A map as a file for spreadsheets, with all that it holds: numbers exact, histograms by bucket.
import type { KeyPart, MapEntry, MapView } from '../protocol.gen';
import { partText } from './keys';

/** A line for each value, and for each bucket or point of those that have several. */
export function csv(view: MapView): string {
  const keys = view.entries[0]?.key.map((_, index) => view.key_parts[index] ?? `key ${index + 1}`) ?? [];
  const kind = view.entries[0]?.value.t ?? 'number';
  const columns: Record<string, readonly string[]> = { histogram: ['low', 'high', 'count'], stats: ['count', 'average', 'total'], series: ['at', 'value'] };
  const head = [...keys, ...(columns[kind] ?? ['value'])];
  const lines = view.entries.flatMap((entry) => cells(entry).map((values) => [...entry.key.map(keyCell), ...values].join(',')));
  return `${[head.map(textCell).join(','), ...lines].join('\r\n')}\r\n`;
}

function cells({ value }: MapEntry): string[][] {
  switch (value.t) {
    case 'number':
      return [[String(value.v)]];
    case 'text':
      return [[textCell(value.v)]];
    case 'histogram':
      return value.buckets.map((bucket) => [String(bucket.low ?? ''), String(bucket.high ?? ''), String(bucket.count)]);
    case 'stats':
      return [[String(value.count), String(value.average), String(value.total)]];
    case 'series':
      return value.points.map((point) => [textCell(point.at), String(point.value ?? '')]);
  }
}

function keyCell(part: KeyPart): string {
  return part.t === 'number' ? String(part.v) : textCell(partText(part));
}

/** Quoted where it must be. A name that a spreadsheet would take for a formula is kept from being one. */
function textCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
