// A stream tokeniser for bpftrace: enough to colour, tolerant of what is half typed.
import type { StringStream } from '@codemirror/language';

export interface Words {
  readonly keywords: ReadonlySet<string>;
  readonly functions: ReadonlySet<string>;
  readonly probes: ReadonlySet<string>;
}

/** Until the server's list has arrived, and for servers that do not answer. */
export const firstWords: Words = {
  keywords: new Set(['if', 'else', 'while', 'for', 'unroll', 'return', 'break', 'continue', 'let', 'struct', 'union', 'enum', 'sizeof', 'offsetof', 'config', 'import', 'macro', 'true', 'false']),
  functions: new Set(),
  probes: new Set(['begin', 'end', 'BEGIN', 'END']),
};

export interface TokenState {
  /** Braces that are open: at 0 attach points stand. */
  depth: number;
  inComment: boolean;
  /** Within an attach point, after its first colon, up to a filter or the body. */
  inProbe: boolean;
}

export function startState(): TokenState {
  return { depth: 0, inComment: false, inProbe: false };
}

export type TokenName = 'comment' | 'string' | 'number' | 'keyword' | 'probe' | 'map' | 'variable' | 'function' | 'meta' | 'operator' | null;

export function nextToken(stream: StringStream, state: TokenState, words: Words): TokenName {
  if (state.inComment) return restOfComment(stream, state);
  if (stream.eatSpace()) return null;
  if (stream.match('//')) return toEnd(stream);
  if (stream.match('/*')) {
    state.inComment = true;
    return restOfComment(stream, state);
  }
  if (stream.sol() && stream.peek() === '#') {
    stream.skipToEnd();
    return 'meta';
  }
  if (stream.peek() === '"') return quoted(stream);
  if (stream.match(/^@[A-Za-z_]?[A-Za-z0-9_]*/)) return 'map';
  if (stream.match(/^\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|#)/)) return 'variable';
  if (state.depth === 0 && state.inProbe) return probeRest(stream, state);
  if (stream.match(/^(?:0[xX][0-9a-fA-F_]+|[0-9][0-9_]*(?:e[0-9]+)?)(?:ns|us|ms|s|m|h|d|[uU]?[lL]{0,2})?\b/)) return 'number';
  if (stream.match(/^[A-Za-z_][A-Za-z0-9_]*/)) return word(stream, state, words);
  return punctuation(stream, state);
}

function toEnd(stream: StringStream): TokenName {
  stream.skipToEnd();
  return 'comment';
}

function restOfComment(stream: StringStream, state: TokenState): TokenName {
  while (!stream.eol()) {
    if (stream.match('*/')) {
      state.inComment = false;
      break;
    }
    stream.next();
  }
  return 'comment';
}

/** A string ends at its quote or at the end of the line: an unfinished one must not colour the rest of the script. */
function quoted(stream: StringStream): TokenName {
  stream.next();
  while (!stream.eol()) {
    const character = stream.next();
    if (character === '\\') stream.next();
    else if (character === '"') break;
  }
  return 'string';
}

function word(stream: StringStream, state: TokenState, words: Words): TokenName {
  const text = stream.current();
  if (state.depth === 0) {
    if (stream.peek() === ':') {
      state.inProbe = true;
      return 'probe';
    }
    if (words.probes.has(text)) return 'probe';
  }
  if (words.keywords.has(text)) return 'keyword';
  if (words.functions.has(text) || stream.match(/^\s*\(/, false)) return 'function';
  return null;
}

/** The target of an attach point: `:sched:sched_switch`, `:/bin/bash:readline`, `:hz:99`. */
function probeRest(stream: StringStream, state: TokenState): TokenName {
  if (stream.match(/^[^\s,{]+/)) {
    state.inProbe = false;
    return 'probe';
  }
  state.inProbe = false;
  return punctuation(stream, state);
}

function punctuation(stream: StringStream, state: TokenState): TokenName {
  const character = stream.next();
  if (character === '{') state.depth += 1;
  else if (character === '}') state.depth = Math.max(0, state.depth - 1);
  return 'operator';
}
