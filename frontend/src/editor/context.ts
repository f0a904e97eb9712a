// What is being written at a place of a script, from the text before it: decides what to complete there.

export type Context =
  | { readonly kind: 'none' }
  /** An attach point: where it begins and what there is of it. */
  | { readonly kind: 'probe'; readonly from: number; readonly text: string }
  /** Behind a dot or an arrow: where the name begins. */
  | { readonly kind: 'member'; readonly from: number; readonly text: string }
  | { readonly kind: 'variable'; readonly from: number; readonly text: string }
  | { readonly kind: 'map'; readonly from: number; readonly text: string }
  /** A key of the config block. */
  | { readonly kind: 'config'; readonly from: number; readonly text: string }
  | { readonly kind: 'word'; readonly from: number; readonly text: string };

interface Place {
  readonly in: 'code' | 'string' | 'comment';
  readonly depth: number;
  /** At depth 0: where what stands there began. */
  readonly headFrom: number;
  /** Within the block of `config = { }`. */
  readonly config: boolean;
}

export function contextAt(text: string, offset: number): Context {
  const before = text.slice(0, offset);
  const place = placeAtEnd(before);
  if (place.in !== 'code') return { kind: 'none' };
  const word = /[A-Za-z0-9_]*$/.exec(before)?.[0] ?? '';
  const from = offset - word.length;
  if (place.depth === 0) {
    const head = before.slice(place.headFrom);
    if (!isPredicate(head)) return headContext(head, offset);
  }
  const sign = before.charAt(from - 1);
  if (sign === '$') return { kind: 'variable', from: from - 1, text: `$${word}` };
  if (sign === '@') return { kind: 'map', from: from - 1, text: `@${word}` };
  const isMember = (sign === '.' && !/[0-9]\.$/.test(before.slice(0, from))) || before.slice(0, from).endsWith('->');
  if (isMember) return { kind: 'member', from, text: word };
  if (/^[0-9]/.test(word)) return { kind: 'none' };
  if (place.config) {
    const statement = before.slice(Math.max(before.lastIndexOf('{'), before.lastIndexOf(';')) + 1, from);
    return statement.includes('=') ? { kind: 'none' } : { kind: 'config', from, text: word };
  }
  return { kind: 'word', from, text: word };
}

/** What stands before a body: attach points, separated by commas. */
function headContext(head: string, offset: number): Context {
  if (/^\s*(?:#|struct\b|union\b|enum\b|import\b|let\b|macro\b|fn\b|config\b)/.test(head)) return { kind: 'none' };
  const last = /[^,]*$/.exec(head)?.[0] ?? '';
  const text = last.trimStart();
  // Behind a space the attach point is over: what follows is a filter or the body.
  if (/\s/.test(text)) return { kind: 'none' };
  return { kind: 'probe', from: offset - text.length, text };
}

/** A slash behind a space, or the first thing, opens a filter; within an attach point it belongs to a path. */
function isPredicate(head: string): boolean {
  return /(?:^|\s)\/[^*/]/.test(head) || /\s\/$/.test(head);
}

function placeAtEnd(text: string): Place {
  let depth = 0;
  let headFrom = 0;
  let config = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    const next = text.charAt(at + 1);
    // A path in an attach point may have two slashes; a comment there follows a space.
    const mayBeComment = depth > 0 || at === 0 || /[\s,{};]/.test(text.charAt(at - 1));
    if (character === '/' && next === '/' && mayBeComment) {
      const end = text.indexOf('\n', at);
      if (end < 0) return { in: 'comment', depth, headFrom, config };
      if (depth === 0 && text.slice(headFrom, at).trim() === '') headFrom = end + 1;
      at = end;
    } else if (character === '/' && next === '*' && mayBeComment) {
      const end = text.indexOf('*/', at + 2);
      if (end < 0) return { in: 'comment', depth, headFrom, config };
      if (depth === 0 && text.slice(headFrom, at).trim() === '') headFrom = end + 2;
      at = end + 1;
    } else if (character === '"') {
      const end = endOfString(text, at);
      if (end === null) return { in: 'string', depth, headFrom, config };
      at = end;
    } else if (character === '{') {
      if (depth === 0) config = /(?:^|\s)config\s*=\s*$/.test(text.slice(headFrom, at));
      depth += 1;
    } else if (character === '}') {
      depth = Math.max(0, depth - 1);
      if (depth === 0) {
        headFrom = at + 1;
        config = false;
      }
    } else if (depth === 0 && (character === ';' || (character === '\n' && /^\s*#/.test(text.slice(headFrom, at))))) {
      headFrom = at + 1;
    }
  }
  return { in: 'code', depth, headFrom, config };
}

/** A string ends at its quote; one that is not finished ends with its line. Null where the text ends before. */
function endOfString(text: string, start: number): number | null {
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '\\') at += 1;
    else if (character === '"' || character === '\n') return at;
  }
  return null;
}

/** Macros and functions that a script defines. */
export function definitionsIn(text: string): { readonly name: string; readonly signature: string; readonly kind: 'macro' | 'function' }[] {
  return [...text.matchAll(/\b(macro|fn)\s+([A-Za-z_]\w*)\s*(\([^)]*\))?/g)].map((match) => ({ name: match[2] ?? '', signature: `${match[2]}${match[3] ?? ''}`, kind: match[1] === 'fn' ? 'function' : 'macro' }));
}

/** Names with a sign before them, `$x` or `@x`, each once, but for the one at a place. */
export function namesIn(text: string, sign: '$' | '@', except: number): string[] {
  const pattern = sign === '$' ? /\$(?:[A-Za-z_]\w*|\d+)/g : /@[A-Za-z_]?\w*/g;
  const found = [...text.matchAll(pattern)].filter((match) => match.index !== except).map((match) => match[0]);
  return [...new Set(found)];
}
