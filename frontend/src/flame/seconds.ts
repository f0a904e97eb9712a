// The sub-second heat map: a column for each second, a row for each tenth of it.
import type { SampleTimes } from '../protocol.gen';

export const ROWS = 10;

export interface Span {
  /** Milliseconds since the start of the run. */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Seconds {
  /** The first second that is shown: of a long run only the last ones have room. */
  readonly first: number;
  readonly columns: number;
  /** Samples of each cell, column by column, each from the first tenth of its second to the last. */
  readonly cells: readonly number[];
  readonly most: number;
}

export function secondsOf({ samples }: SampleTimes, room: number): Seconds {
  const all = Math.ceil(samples.length / ROWS);
  const columns = Math.min(all, Math.max(1, room));
  const first = all - columns;
  const cells = Array.from({ length: columns * ROWS }, (_, index) => samples[first * ROWS + index] ?? 0);
  return { first, columns, cells, most: cells.reduce((most, count) => Math.max(most, count), 0) };
}

/** The time between two cells, both included, whichever was touched first. */
export function spanOf(seconds: Seconds, a: number, b: number): Span {
  const step = 1000 / ROWS;
  const start = seconds.first * 1000;
  return { fromMs: start + Math.min(a, b) * step, toMs: start + (Math.max(a, b) + 1) * step };
}

/** The cells of a span, as the first and the one after the last; null where none of them is shown. */
export function cellsOf(seconds: Seconds, { fromMs, toMs }: Span): readonly [number, number] | null {
  const cell = (ms: number) => ((ms - seconds.first * 1000) * ROWS) / 1000;
  const from = Math.max(0, Math.floor(cell(fromMs)));
  const to = Math.min(seconds.cells.length, Math.ceil(cell(toMs)));
  return from < to ? [from, to] : null;
}

/** Samples that came within a span. */
export function within(seconds: Seconds, span: Span): number {
  const cells = cellsOf(seconds, span);
  return cells === null ? 0 : seconds.cells.slice(cells[0], cells[1]).reduce((sum, count) => sum + count, 0);
}

/** `range:1200-3400`, as it stands in addresses. */
export function parseSpan(text: string | undefined): Span | null {
  const [, from, to] = /^range:(\d{1,12})-(\d{1,12})$/.exec(text ?? '') ?? [];
  return from !== undefined && to !== undefined && Number(from) < Number(to) ? { fromMs: Number(from), toMs: Number(to) } : null;
}

export const spanText = ({ fromMs, toMs }: Span) => `range:${Math.round(fromMs)}-${Math.round(toMs)}`;
