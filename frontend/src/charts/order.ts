// Rows of a live table: sorted by value, but not every tenth of a second, and not under the reader's pointer.

export interface Ordered {
  /** Keys in the order they are shown. */
  readonly keys: readonly string[];
  readonly sortedAtMs: number;
}

/** How long an order stands while numbers move. */
export const SORT_EVERY_MS = 1000;

/**
 * The next order. `sorted` is descending, as the server sends it. While `held`, or within a second of the last sort,
 * rows stay where they are; new keys go to the end and keys that are gone leave.
 */
export function nextOrder(previous: Ordered | null, sorted: readonly string[], nowMs: number, held: boolean): Ordered {
  if (!previous || (!held && nowMs - previous.sortedAtMs >= SORT_EVERY_MS)) return { keys: sorted, sortedAtMs: nowMs };
  const present = new Set(sorted);
  const shown = new Set(previous.keys);
  const kept = previous.keys.filter((key) => present.has(key));
  const added = sorted.filter((key) => !shown.has(key));
  return { keys: kept.concat(added), sortedAtMs: previous.sortedAtMs };
}
