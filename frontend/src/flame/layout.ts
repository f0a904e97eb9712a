// Where the nodes of a flame graph are drawn, for a focus and a width in pixels. What is narrower than a pixel is not
// visited: its range is skipped, and neighbours that were skipped become one strip, so that nothing vanishes.
import { pathTo, type FlameTree } from './tree';

/** Narrower than this cannot be told from its neighbours. */
const NARROWEST_PX = 1;
/** Strips that are closer together than this are one. */
const JOIN_PX = 1;

export interface Boxes {
  readonly count: number;
  /** The node, or -1 for a strip of nodes that are too narrow. */
  readonly node: Int32Array;
  readonly x: Float32Array;
  readonly width: Float32Array;
  readonly depth: Uint16Array;
  /** 1 for the callers of the focus: drawn over the whole width, dimmed. */
  readonly above: Uint8Array;
  /** Rows from the root to the deepest node under the focus. */
  readonly rows: number;
}

export const noBoxes: Boxes = { count: 0, node: new Int32Array(0), x: new Float32Array(0), width: new Float32Array(0), depth: new Uint16Array(0), above: new Uint8Array(0), rows: 1 };

class Collector {
  count = 0;
  node = new Int32Array(4096);
  x = new Float32Array(4096);
  width = new Float32Array(4096);
  depth = new Uint16Array(4096);
  above = new Uint8Array(4096);

  add(node: number, x: number, width: number, depth: number, above: number): void {
    if (this.count === this.node.length) this.#grow();
    this.node[this.count] = node;
    this.x[this.count] = x;
    this.width[this.count] = width;
    this.depth[this.count] = depth;
    this.above[this.count] = above;
    this.count++;
  }

  #grow(): void {
    const wider = <A extends { readonly length: number; set(from: A): void }>(from: A, to: A): A => (to.set(from), to);
    const length = this.count * 2;
    this.node = wider(this.node, new Int32Array(length));
    this.x = wider(this.x, new Float32Array(length));
    this.width = wider(this.width, new Float32Array(length));
    this.depth = wider(this.depth, new Uint16Array(length));
    this.above = wider(this.above, new Uint8Array(length));
  }
}

/** Boxes in depth-first order, strips between them. */
export function layout(tree: FlameTree, focus: number, widthPx: number): Boxes {
  const whole = tree.total[focus] ?? 0;
  if (!(whole > 0) || widthPx <= 0) return noBoxes;
  const out = new Collector();
  const top = tree.depth[focus] ?? 0;
  for (const node of pathTo(tree, focus)) if (node !== focus) out.add(node, 0, widthPx, tree.depth[node] ?? 0, 1);
  const scale = widthPx / whole;
  const left = tree.start[focus] ?? 0;
  const { end: ends, total, start, depth: depths } = tree;
  /** For each row the strip that ends last, as its place in the boxes. */
  const strips: number[] = [];
  const end = ends[focus] ?? 0;
  let deepest = top;
  for (let node = focus; node < end; ) {
    const width = (total[node] ?? 0) * scale;
    const depth = depths[node] ?? 0;
    const x = ((start[node] ?? 0) - left) * scale;
    if (depth > deepest) deepest = depth;
    if (width >= NARROWEST_PX) {
      out.add(node, x, width, depth, 0);
      node++;
      continue;
    }
    const last = strips[depth] ?? -1;
    if (last >= 0 && x - ((out.x[last] ?? 0) + (out.width[last] ?? 0)) < JOIN_PX) {
      out.width[last] = x + width - (out.x[last] ?? 0);
    } else {
      strips[depth] = out.count;
      out.add(-1, x, width, depth, 0);
    }
    node = ends[node] ?? end;
  }
  const { count, node, x, width, depth, above } = out;
  return { count, node, x, width, depth, above, rows: deepest + 1 };
}

/** The box at a point, -1 when there is none. */
export function boxAt(boxes: Boxes, x: number, depth: number): number {
  let strip = -1;
  for (let at = 0; at < boxes.count; at++) {
    if (boxes.depth[at] !== depth) continue;
    const from = boxes.x[at] ?? 0;
    // A strip is drawn at least a pixel wide; a frame beside it comes first.
    if (x >= from && x < from + (boxes.width[at] ?? 0)) {
      if ((boxes.node[at] ?? -1) >= 0) return at;
      strip = at;
    }
  }
  return strip;
}

/** A frame without a symbol is called by its file; the folders say little and fill the frame. */
export function shortName(name: string): string {
  return name.replace(/^\[\/(?:.*\/)?([^/]+)\]$/, '[$1]');
}

/** The name as far as it fits, nothing when not even three characters do. */
export function fitText(name: string, widthPx: number, characterPx: number): string {
  const room = Math.floor((widthPx - 6) / characterPx);
  if (room < 3) return '';
  if (name.length <= room) return name;
  const characters = [...name];
  return characters.length <= room ? name : `${characters.slice(0, room - 1).join('')}…`;
}
