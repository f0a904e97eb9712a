// The log of a run as the page keeps it: the newest lines, and a count of what is not here.
import type { LogLine } from '../protocol.gen';

/** Lines kept in the page; the rest is in the recording (output.txt). */
export const LOG_CAPACITY = 10_000;

export interface LogState {
  readonly lines: readonly LogLine[];
  /** Lines that were printed but are no longer kept, here or in the server's window. */
  readonly older: number;
  /** Lines the server left out because this viewer was too slow. */
  readonly skipped: number;
}

export const emptyLog: LogState = { lines: [], older: 0, skipped: 0 };

export function logFromSnapshot(lines: readonly LogLine[], dropped: number, skipped: number): LogState {
  return cap({ lines, older: dropped, skipped });
}

/** Adds lines; those already known by sequence (a resumed connection may repeat some) are left out. */
export function appendLines(state: LogState, added: readonly LogLine[]): LogState {
  const last = state.lines.at(-1)?.sequence ?? -1;
  const fresh = added.filter((line) => line.sequence > last);
  if (fresh.length === 0) return state;
  return cap({ ...state, lines: state.lines.concat(fresh) });
}

export function skipLines(state: LogState, count: number): LogState {
  return { ...state, skipped: state.skipped + count };
}

function cap(state: LogState): LogState {
  const extra = state.lines.length - LOG_CAPACITY;
  if (extra <= 0) return state;
  return { ...state, lines: state.lines.slice(extra), older: state.older + extra };
}
