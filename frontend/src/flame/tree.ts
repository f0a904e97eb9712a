// A flame graph as arrays in depth-first order: a million nodes are a few arrays, and a subtree is a range of them.
import type { FlameFrameInfo, FlameKind } from '../protocol.gen';
import { toNumber, type Num } from '../lib/format';
import { atOnce, EVERY, type Steps } from './steps';

export type FrameKind = FlameKind;

export interface FlameTree {
  /** Number of nodes; 0 is the root. */
  readonly size: number;
  /** Each distinct frame once. */
  readonly frames: readonly FlameFrameInfo[];
  /** For each node the index of its frame. */
  readonly frame: Uint32Array;
  /** For each node its distance from the root. */
  readonly depth: Uint32Array;
  /** For each node its parent, -1 for the root. */
  readonly parent: Int32Array;
  /** For each node one past the last node of its subtree. */
  readonly end: Uint32Array;
  /** For each node the weight of the samples that end in it. */
  readonly own: Float64Array;
  /** For each node the weight of its subtree. */
  readonly total: Float64Array;
  /** For each node where it begins, in weight from the left edge. */
  readonly start: Float64Array;
  /** For each node a hash of its path: the same node has the same one after every update. */
  readonly id: Float64Array;
  /** What the weights count: "samples", "bytes". */
  readonly unit: string;
}

export interface FlatTree {
  readonly frames: readonly FlameFrameInfo[];
  readonly frame: ArrayLike<number>;
  readonly depth: ArrayLike<number>;
  readonly own: ArrayLike<Num>;
  readonly unit: string;
}

/** Completes what the server sends with what follows from it: parents, ranges, sums, places, hashes. */
export function buildTree(flat: FlatTree): FlameTree {
  return atOnce(buildSteps(flat));
}

export function* buildSteps({ frames, frame, depth, own, unit }: FlatTree): Steps<FlameTree> {
  const size = frame.length;
  const tree = {
    size, frames, unit,
    frame: Uint32Array.from(frame), depth: Uint32Array.from(depth), parent: new Int32Array(size), end: new Uint32Array(size),
    own: new Float64Array(size), total: new Float64Array(size), start: new Float64Array(size), id: new Float64Array(size),
  };
  for (let node = 0; node < size; node++) tree.own[node] = toNumber(own[node] ?? 0);
  yield* link(tree);
  return tree;
}

type Mutable = { -readonly [Key in keyof FlameTree]: FlameTree[Key] };

function* link(tree: Mutable): Steps<void> {
  const { size, depth, parent, end, own, total, start, id, frame } = tree;
  const [high, low] = frameHashes(tree.frames);
  /** The node that is open at each depth. */
  const open: number[] = [];
  for (let node = 0; node < size; node++) {
    if (node % EVERY === 0) yield;
    const at = depth[node] ?? 0;
    for (let closed = open.length - 1; closed >= at; closed--) end[open[closed] ?? 0] = node;
    open.length = at;
    const above = at > 0 ? (open[at - 1] ?? 0) : -1;
    parent[node] = above;
    id[node] = extend(above < 0 ? 0 : (id[above] ?? 0), high[frame[node] ?? 0] ?? 0, low[frame[node] ?? 0] ?? 0);
    open.push(node);
  }
  for (const node of open) end[node] = size;
  for (let node = size - 1; node >= 0; node--) {
    if (node % EVERY === 0) yield;
    total[node] = (total[node] ?? 0) + (own[node] ?? 0);
    const above = parent[node] ?? -1;
    if (above >= 0) total[above] = (total[above] ?? 0) + (total[node] ?? 0);
  }
  /** Where the next child of a node begins. */
  const next = new Float64Array(size);
  for (let node = 0; node < size; node++) {
    if (node % EVERY === 0) yield;
    const above = parent[node] ?? -1;
    const place = above < 0 ? 0 : (next[above] ?? 0);
    start[node] = place;
    next[node] = place;
    if (above >= 0) next[above] = place + (total[node] ?? 0);
  }
}

/** 32 and 21 bits of what makes a frame itself. Not of where it stands in the list: that changes with every update. */
function frameHashes(frames: readonly FlameFrameInfo[]): [Uint32Array, Uint32Array] {
  const high = new Uint32Array(frames.length);
  const low = new Uint32Array(frames.length);
  frames.forEach((frame, index) => {
    const text = `${frame.kind}\n${frame.name}\n${frame.module ?? ''}`;
    let a = 0xdeadbeef;
    let b = 0x41c6ce57;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
    high[index] = a ^ (b >>> 16);
    low[index] = b ^ (a >>> 13);
  });
  return [high, low];
}

const LOW_BITS = 2 ** 21;

/** The hash of a path that goes on with one more frame: 53 bits, which a double holds. */
function extend(path: number, high: number, low: number): number {
  let a = Math.imul(Math.floor(path / LOW_BITS) ^ high, 2246822507);
  let b = Math.imul((path % LOW_BITS) ^ low ^ a, 3266489909);
  a = Math.imul(a ^ (a >>> 15) ^ b, 2654435761);
  b ^= b >>> 13;
  return ((a ^ (a >>> 16)) >>> 0) * LOW_BITS + (b & (LOW_BITS - 1));
}

/** A hash as it stands in addresses. */
export function idText(id: number): string {
  return id.toString(36);
}

/** The node with this hash as it stands in addresses, -1 when there is none. */
export function findNode(tree: FlameTree, text: string): number {
  const wanted = parseInt(text, 36);
  return Number.isNaN(wanted) ? -1 : nodeOf(tree, wanted);
}

const latest = new WeakMap<FlameTree, number>();

/** The node with this hash, -1 when there is none. One pass: quicker than to keep a million entries in a map. */
export function nodeOf(tree: FlameTree, id: number): number {
  const known = latest.get(tree) ?? -1;
  return known >= 0 && tree.id[known] === id ? known : tree.id.indexOf(id);
}

/** The node that is asked for next, by the keys or the pointer: finding it takes no pass. */
export function expectNode(tree: FlameTree, node: number): void {
  latest.set(tree, node);
}

/** From the root to the node, both included. */
export function pathTo(tree: FlameTree, node: number): number[] {
  const path: number[] = [];
  for (let at = node; at >= 0; at = tree.parent[at] ?? -1) path.push(at);
  return path.reverse();
}

/** The direct callees of a node. */
export function* children(tree: FlameTree, node: number): Generator<number> {
  const end = tree.end[node] ?? 0;
  for (let child = node + 1; child < end; child = tree.end[child] ?? end) yield child;
}

export function frameOf(tree: FlameTree, node: number): FlameFrameInfo {
  return tree.frames[tree.frame[node] ?? 0] ?? { name: '', kind: 'label' };
}

/** The node to focus when the wanted one may be gone: the deepest of its path (hashes from the root) that is there. */
export function survivingNode(tree: FlameTree, path: readonly number[]): number {
  for (let at = path.length - 1; at > 0; at--) {
    const node = tree.id.indexOf(path[at] ?? -1);
    if (node >= 0) return node;
  }
  return 0;
}

/** The same tree with other own weights; nodes that weigh nothing are left out. */
export function reweigh(tree: FlameTree, own: Float64Array): FlameTree {
  const total = own.slice();
  for (let node = tree.size - 1; node > 0; node--) {
    const above = tree.parent[node] ?? 0;
    total[above] = (total[above] ?? 0) + (total[node] ?? 0);
  }
  const frame: number[] = [];
  const depth: number[] = [];
  const kept: number[] = [];
  for (let node = 0; node < tree.size; ) {
    if (node > 0 && !((total[node] ?? 0) > 0)) {
      node = tree.end[node] ?? tree.size;
      continue;
    }
    frame.push(tree.frame[node] ?? 0);
    depth.push(tree.depth[node] ?? 0);
    kept.push(own[node] ?? 0);
    node++;
  }
  return buildTree({ frames: tree.frames, frame, depth, own: kept, unit: tree.unit });
}

export const emptyTree: FlameTree = buildTree({ frames: [{ name: 'all', kind: 'label' }], frame: [0], depth: [0], own: [0], unit: 'samples' });
