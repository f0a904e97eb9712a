// Search in a flame graph: plain text, any case. Not a pattern: the term may come from a link.
import { placesOf } from './places';
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

/** Below this share of a tree, sorting the matching nodes costs less than a walk through all. */
const RARE = 1 / 16;

function matchedWeight(tree: FlameTree, matches: Uint8Array, focus: number): number {
  const end = tree.end[focus] ?? 0;
  const { start } = placesOf(tree);
  let most = 0;
  matches.forEach((match, index) => (most += match * ((start[index + 1] as number) - (start[index] as number))));
  return most < (end - focus) * RARE ? weightOfNodes(tree, nodesOf(tree, matches, most, focus, end)) : weightOfRange(tree, matches, focus, end);
}

/** The nodes of the frames that match, within a range, in the order of the tree. */
function nodesOf(tree: FlameTree, matches: Uint8Array, most: number, focus: number, end: number): Uint32Array {
  const { start, nodes } = placesOf(tree);
  const found = new Uint32Array(most);
  let count = 0;
  for (let index = matches.indexOf(1); index >= 0; index = matches.indexOf(1, index + 1)) {
    for (let at = start[index] as number; at < (start[index + 1] as number); at++) {
      const node = nodes[at] as number;
      if (node >= focus && node < end) found[count++] = node;
    }
  }
  return found.subarray(0, count).sort();
}

/** A match's own callees are within it: they are skipped. */
function weightOfNodes({ end: ends, total }: FlameTree, nodes: Uint32Array): number {
  let width = 0;
  let covered = 0;
  for (const node of nodes) {
    if (node < covered) continue;
    width += total[node] as number;
    covered = ends[node] as number;
  }
  return width;
}

function weightOfRange({ frame, end: ends, total }: FlameTree, matches: Uint8Array, focus: number, end: number): number {
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
