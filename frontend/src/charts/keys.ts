// A map's key as text for rows, titles and tooltips.
import { formatNumber } from '../lib/format';
import { visibleLine } from '../lib/visible';
import type { KeyPart } from '../protocol.gen';

/** A stack shows its innermost frame first: that is where the time goes. */
export function partText(part: KeyPart): string {
  switch (part.t) {
    case 'text':
      return part.v === '' ? '(empty)' : visibleLine(part.v);
    case 'number':
      // Keys are names, not amounts: a pid with thousands separators could not be pasted anywhere.
      return typeof part.v === 'number' && !Number.isInteger(part.v) ? formatNumber(part.v) : String(part.v);
    case 'stack':
      return part.v.length === 0 ? '(no stack)' : part.v.map((frame) => visibleLine(frame.name)).join(' ← ');
  }
}

export function keyTitle(key: readonly KeyPart[]): string {
  return key.map(partText).join(', ');
}
