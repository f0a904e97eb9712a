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

/** Longer expressions are no good as the head of a column; their type is. */
const LONGEST_NAME = 32;

/**
 * What the columns of a keyed map are called: the script's own expressions (`comm`, `args.fd`) where the first use of
 * the map has as many as there are parts, otherwise the types.
 */
export function keyNames(source: string, map: string, types: readonly string[]): string[] {
  const written = firstKey(source, map);
  const fits = written !== null && written.length === types.length;
  return types.map((type, index) => {
    const expression = fits ? (written[index] ?? '') : '';
    if (expression !== '' && expression.length <= LONGEST_NAME) return visibleLine(expression);
    return type.replace(/\[\d+\]$/, '').replace(/_t$/, '');
  });
}

/** The expressions between the brackets of the first `@map[`, split at the commas that are not within something. */
function firstKey(source: string, map: string): string[] | null {
  const start = source.indexOf(`${map}[`);
  if (start < 0) return null;
  const parts: string[] = [];
  let depth = 0;
  let current = '';
  for (let index = start + map.length + 1; index < source.length; index++) {
    const character = source.charAt(index);
    if (depth === 0 && (character === ',' || character === ']')) {
      parts.push(current.trim().replace(/\s+/g, ' '));
      if (character === ']') return parts;
      current = '';
      continue;
    }
    if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    current += character;
  }
  return null;
}
