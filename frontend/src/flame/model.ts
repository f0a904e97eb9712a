// A flame graph as plain data: frames with their place, their parents and what is their own.

export type FrameKind = 'root' | 'label' | 'kernel' | 'user' | 'jit' | 'inlined' | 'unresolved';

/** A rectangle as inferno laid it out, before we know how frames hang together. */
export interface PlacedFrame {
  readonly name: string;
  readonly kind: FrameKind;
  /** In samples (or whatever the map counts) from the left edge. */
  readonly start: number;
  readonly width: number;
  /** 0 is the root. */
  readonly depth: number;
}

export interface FlameFrame extends PlacedFrame {
  /** Hash of the path from the root: the same frame has the same id after every update. */
  readonly id: string;
  readonly index: number;
  readonly parent: number;
  readonly children: readonly number[];
  /** Width that no drawn child covers. */
  readonly self: number;
}

export interface FlameModel {
  readonly frames: readonly FlameFrame[];
  readonly byId: ReadonlyMap<string, number>;
  readonly total: number;
  readonly depth: number;
  /** What is counted: "samples", "bytes". */
  readonly unit: string;
}

export const emptyModel: FlameModel = { frames: [], byId: new Map(), total: 0, depth: 0, unit: 'samples' };

/** Hangs frames under the one of the row above that spans them. Frames without one (a broken drawing) are left out. */
export function buildModel(placed: readonly PlacedFrame[], total: number, unit: string): FlameModel {
  const sorted = [...placed].filter((frame) => frame.width > 0).sort((a, b) => a.depth - b.depth || a.start - b.start);
  type Draft = { -readonly [Key in keyof FlameFrame]: FlameFrame[Key] } & { children: number[] };
  const frames: Draft[] = [];
  const byId = new Map<string, number>();
  let above: number[] = [];
  let row: number[] = [];
  let depth = 0;
  for (const frame of sorted) {
    if (frame.depth !== depth) {
      [above, row, depth] = [row, [], frame.depth];
    }
    const parent = depth === 0 ? -1 : spanning(frames, above, frame);
    if (depth > 0 && parent < 0) continue;
    const index = frames.length;
    const path = hashPath(frames[parent]?.id ?? '', `${frame.kind}\n${frame.name}`);
    // Two siblings of one name can only come from names that inferno kept apart and wrote alike.
    const id = byId.has(path) ? hashPath(path, String(frame.start)) : path;
    frames.push({ ...frame, id, index, parent, children: [], self: frame.width });
    byId.set(id, index);
    row.push(index);
    const owner = frames[parent];
    if (owner) {
      owner.children.push(index);
      owner.self -= frame.width;
    }
  }
  return { frames, byId, total, depth: frames.length === 0 ? 0 : depth + 1, unit };
}

/** Index of the frame in `row` (sorted by start) that contains `frame`, or -1. */
function spanning(frames: readonly PlacedFrame[], row: readonly number[], frame: PlacedFrame): number {
  let low = 0;
  let high = row.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const index = row[middle] ?? -1;
    const candidate = frames[index];
    if (!candidate) return -1;
    if (frame.start < candidate.start) high = middle - 1;
    else if (frame.start >= candidate.start + candidate.width) low = middle + 1;
    else return frame.start + frame.width <= candidate.start + candidate.width ? index : -1;
  }
  return -1;
}

/** 53 bits of a path, as text for addresses; extends the parent's hash, so that paths need not be built. */
export function hashPath(parent: string, name: string): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  const text = `${parent}/${name}`;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
}

/** From the root to the frame, both included. */
export function pathTo(model: FlameModel, index: number): FlameFrame[] {
  const path: FlameFrame[] = [];
  for (let frame = model.frames[index]; frame; frame = model.frames[frame.parent]) path.push(frame);
  return path.reverse();
}
