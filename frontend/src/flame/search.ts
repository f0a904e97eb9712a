// Search in a flame graph: plain text, any case. Not a pattern: the term may come from a link.
import type { FlameTree } from './tree';

export interface Found {
  /** For each frame whether its name or module matches. */
  readonly frames: Uint8Array;
  /** How many frames match. */
  readonly distinct: number;
  /** Weight under matching nodes within the focus, each sample counted once. */
  readonly width: number;
}

/** Null for an empty term. */
export function search(tree: FlameTree, term: string, focus: number): Found | null {
  const wanted = term.trim().toLowerCase();
  if (wanted === '') return null;
  const frames = new Uint8Array(tree.frames.length);
  let distinct = 0;
  loweredNames(tree).forEach((name, index) => {
    if (index === 0 || !name.includes(wanted)) return;
    frames[index] = 1;
    distinct++;
  });
  return { frames, distinct, width: distinct === 0 ? 0 : matchedWeight(tree, frames, focus) };
}

/** A match's own callees are within it: its range is skipped. */
function matchedWeight({ frame, end: ends, total }: FlameTree, matches: Uint8Array, focus: number): number {
  const end = ends[focus] ?? 0;
  let width = 0;
  let node = focus;
  while (node < end) {
    if (matches[frame[node] as number] === 1) {
      width += total[node] as number;
      node = ends[node] as number;
    } else {
      node++;
    }
  }
  return width;
}

const lowered = new WeakMap<FlameTree['frames'], readonly string[]>();

/** Names and modules without case, made once for all the keys of a term; of a new graph before anybody types. */
export function loweredNames({ frames }: FlameTree): readonly string[] {
  let names = lowered.get(frames);
  if (!names) {
    names = frames.map((frame) => `${frame.name}\n${frame.module ?? ''}`.toLowerCase());
    lowered.set(frames, names);
  }
  return names;
}

/** The match after (or before) a node within the focus, going round at the ends; -1 without any. */
export function nextMatch(tree: FlameTree, found: Found, focus: number, current: number, step: 1 | -1): number {
  const end = tree.end[focus] ?? 0;
  const count = end - focus;
  const from = current >= focus && current < end ? current : focus;
  for (let tried = 1; tried <= count; tried++) {
    const node = focus + ((((from - focus + step * tried) % count) + count) % count);
    if (found.frames[tree.frame[node] ?? 0] === 1) return node;
  }
  return -1;
}
