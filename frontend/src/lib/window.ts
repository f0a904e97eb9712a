// Which rows of a long list are in view, when all rows have one height.

export interface Window {
  readonly first: number;
  /** One past the last. */
  readonly end: number;
}

export function visibleRows(count: number, rowPx: number, scrollTop: number, heightPx: number, extra = 12): Window {
  const first = Math.max(0, Math.min(count, Math.floor(scrollTop / rowPx)) - extra);
  const end = Math.min(count, Math.ceil((scrollTop + heightPx) / rowPx) + extra);
  return { first, end: Math.max(first, end) };
}

/** Within two rows of the end counts as being there. */
export function isAtEnd(scrollTop: number, heightPx: number, contentPx: number, rowPx: number): boolean {
  return scrollTop + heightPx >= contentPx - 2 * rowPx;
}
