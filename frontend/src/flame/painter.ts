// Paints boxes on a canvas of the size of the viewport. Knows pixels and colours, nothing of the page.
import { visibleLine } from '../lib/visible';
import { fitText, shortName, type Boxes } from './layout';
import type { Fill } from './palette';
import { frameOf, type FlameTree } from './tree';

export const ROW_PX = 20;
export const FONT = '11px ui-monospace, "SF Mono", "Cascadia Mono", "JetBrains Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace';

export interface Ink {
  readonly surface: string;
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly match: Fill;
  readonly focus: string;
}

export interface Painting {
  readonly tree: FlameTree;
  readonly boxes: Boxes;
  readonly ink: Ink;
  readonly fillOf: (node: number) => Fill;
  /** Written after the name when there is room. */
  readonly noteOf: ((node: number) => string) | null;
  /** For each frame whether it matches; null while nothing is searched. */
  readonly matches: Uint8Array | null;
  readonly active: number;
  readonly hovered: number;
  readonly rootAtBottom: boolean;
  /** What of the rows is in view. */
  readonly scrollTop: number;
  readonly contentHeight: number;
  readonly width: number;
  readonly height: number;
}

/** Top edge of a row within the content. */
export function rowTop(depth: number, contentHeight: number, rootAtBottom: boolean): number {
  return rootAtBottom ? contentHeight - (depth + 1) * ROW_PX : depth * ROW_PX;
}

export class Painter {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #characterPx = 0;
  #hatch: { key: string; pattern: CanvasPattern | null } | null = null;

  constructor(canvas: HTMLCanvasElement) {
    const context = canvas.getContext('2d', { alpha: false });
    if (!context) throw new Error('This browser draws no canvas');
    this.#canvas = canvas;
    this.#context = context;
  }

  paint(painting: Painting): void {
    const { width, height, ink, boxes } = painting;
    const ratio = devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== wide || this.#canvas.height !== high) {
      this.#canvas.width = wide;
      this.#canvas.height = high;
    }
    const context = this.#context;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = ink.surface;
    context.fillRect(0, 0, width, height);
    context.font = FONT;
    context.textBaseline = 'middle';
    if (this.#characterPx === 0) this.#characterPx = context.measureText('0123456789').width / 10 || 6.6;
    for (let at = 0; at < boxes.count; at++) {
      const top = rowTop(boxes.depth[at] ?? 0, painting.contentHeight, painting.rootAtBottom) - painting.scrollTop;
      if (top > height || top < -ROW_PX) continue;
      if ((boxes.node[at] ?? -1) < 0) this.#strip(painting, at, top);
      else this.#box(painting, at, top);
    }
  }

  #box(painting: Painting, at: number, top: number): void {
    const { boxes, tree, ink, matches } = painting;
    const context = this.#context;
    const node = boxes.node[at] ?? 0;
    const x = boxes.x[at] ?? 0;
    const width = boxes.width[at] ?? 0;
    const matched = matches !== null && matches[tree.frame[node] ?? 0] === 1;
    const fill = matched ? ink.match : painting.fillOf(node);
    const faint = (matches !== null && !matched && node > 0) || boxes.above[at] === 1;
    const inner = width > 3 ? width - 1 : width;
    context.globalAlpha = faint ? 0.45 : 1;
    context.fillStyle = fill.fill;
    context.fillRect(x, top, inner, ROW_PX - 1);
    context.globalAlpha = 1;
    if (node === painting.active || node === painting.hovered) {
      context.lineWidth = node === painting.active ? 2 : 1;
      context.strokeStyle = node === painting.active ? ink.focus : ink.text;
      const inset = context.lineWidth / 2;
      context.strokeRect(x + inset, top + inset, Math.max(1, inner - 2 * inset), ROW_PX - 1 - 2 * inset);
    }
    if (width < 24) return;
    const name = visibleLine(shortName(frameOf(tree, node).name));
    const note = painting.noteOf?.(node) ?? '';
    const both = note === '' ? '' : fitText(`${name}  ${note}`, width, this.#characterPx);
    const text = both !== '' && !both.endsWith('…') ? both : fitText(name, width, this.#characterPx);
    // On a faint box the surface shines through: its own text colour would be too weak there.
    context.fillStyle = faint ? ink.text : fill.text;
    if (text !== '') context.fillText(text, x + 4, top + ROW_PX / 2);
  }

  /** Frames that are too narrow to be told apart: there, but only as a texture. */
  #strip(painting: Painting, at: number, top: number): void {
    const { boxes, ink } = painting;
    const context = this.#context;
    context.fillStyle = this.#hatching(ink) ?? ink.quiet;
    context.fillRect(boxes.x[at] ?? 0, top, Math.max(1, boxes.width[at] ?? 0), ROW_PX - 1);
  }

  #hatching(ink: Ink): CanvasPattern | null {
    const key = `${ink.surface}${ink.quiet}`;
    if (this.#hatch?.key === key) return this.#hatch.pattern;
    const tile = document.createElement('canvas');
    tile.width = tile.height = 4;
    const context = tile.getContext('2d');
    if (!context) return null;
    context.fillStyle = ink.line;
    context.fillRect(0, 0, 4, 4);
    context.strokeStyle = ink.quiet;
    context.lineWidth = 1;
    for (const shift of [-4, 0, 4]) {
      context.beginPath();
      context.moveTo(shift - 1, 5);
      context.lineTo(shift + 5, -1);
      context.stroke();
    }
    this.#hatch = { key, pattern: this.#context.createPattern(tile, 'repeat') };
    return this.#hatch.pattern;
  }
}
