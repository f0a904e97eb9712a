// Reads inferno's SVG as data. Nothing of the parsed document enters the page: only names and numbers are taken out,
// and the page draws rectangles of its own. Scripts, styles, links and handlers in the file have nowhere to go.
import { buildModel, emptyModel, type FlameModel, type FrameKind, type PlacedFrame } from './model';

/** A drawing larger than this is refused rather than allowed to freeze the page. */
const MOST_FRAMES = 200_000;

/** What the page knows of a frame besides its drawing. */
export type KindLookup = (name: string) => FrameKind | null;

let policy: { createHTML(text: string): unknown } | null = null;

/** The Trusted Types policy `tracedeck`: what passes it is only ever parsed as an XML document apart from the page. */
function trusted(text: string): string {
  const factory = (globalThis as { trustedTypes?: { createPolicy(name: string, rules: object): typeof policy } }).trustedTypes;
  if (!factory) return text;
  policy ??= factory.createPolicy('tracedeck', { createHTML: (input: string) => input });
  return policy?.createHTML(text) as string;
}

export function parseFlameSvg(text: string, kindOf: KindLookup): FlameModel {
  const parsed = new DOMParser().parseFromString(trusted(text), 'image/svg+xml');
  if (parsed.getElementsByTagName('parsererror').length > 0) throw new Error('The flame graph could not be read');
  return modelFromDocument(parsed, kindOf);
}

/** Takes the frames out of a parsed document. */
export function modelFromDocument(parsed: Document, kindOf: KindLookup): FlameModel {
  const container = parsed.getElementById('frames');
  if (!container) return emptyModel;
  const raw: RawFrame[] = [];
  for (const group of container.children) {
    const frame = rawFrame(group);
    if (frame) raw.push(frame);
    if (raw.length > MOST_FRAMES) throw new Error('The flame graph has too many frames to draw here');
  }
  const total = Number(container.getAttribute('total_samples')) || Math.max(0, ...raw.map((frame) => frame.width));
  const depths = depthOfRows(raw);
  const placed = raw.map((frame): PlacedFrame => {
    const depth = depths.get(frame.y) ?? 0;
    return { name: frame.name, start: frame.start, width: frame.width, depth, kind: frameKind(frame, depth, kindOf) };
  });
  return buildModel(placed, total, raw.find((frame) => frame.unit)?.unit ?? 'samples');
}

interface RawFrame {
  readonly name: string;
  readonly unit: string;
  readonly classes: string;
  readonly start: number;
  readonly width: number;
  readonly y: number;
}

function rawFrame(group: Element): RawFrame | null {
  const rect = childNamed(group, 'rect');
  const title = childNamed(group, 'title')?.textContent ?? '';
  if (!rect) return null;
  const numbers = [rect.getAttribute('fg:x'), rect.getAttribute('fg:w'), rect.getAttribute('y')].map((value) => (value === null ? NaN : Number(value)));
  const [start = NaN, width = NaN, y = NaN] = numbers;
  if (![start, width, y].every(Number.isFinite) || start < 0 || width < 0) return null;
  return { ...splitTitle(title), classes: group.getAttribute('class') ?? '', start, width, y };
}

function childNamed(parent: Element, name: string): Element | null {
  for (const child of parent.children) if (child.localName === name) return child;
  return null;
}

/** Inferno's title: `name (1,234 samples, 12.34%)`; a differential one has a second percentage. */
export function splitTitle(title: string): { name: string; unit: string } {
  const match = /^([^]*) \([\d,]+ ([^()]*), [\d.]+%(?:; [+-]?[\d.]+%)?\)$/.exec(title);
  return match ? { name: match[1] ?? '', unit: match[2] ?? '' } : { name: title, unit: '' };
}

/** Rows by their y: the root's row is the one that holds the widest frame, and depth grows away from it. */
function depthOfRows(frames: readonly RawFrame[]): Map<number, number> {
  const rows = [...new Set(frames.map((frame) => frame.y))].sort((a, b) => a - b);
  const rootY = frames.reduce<RawFrame | null>((widest, frame) => (widest === null || frame.width > widest.width ? frame : widest), null)?.y;
  // Drawn upwards (flame) the root is at the bottom; ties of width are settled by the row with a single frame.
  const last = rows.at(-1);
  const bottomUp = rootY === last || (rootY !== rows[0] && countAt(frames, last) <= countAt(frames, rows[0]));
  const ordered = bottomUp ? rows.reverse() : rows;
  return new Map(ordered.map((y, depth) => [y, depth]));
}

function countAt(frames: readonly RawFrame[], y: number | undefined): number {
  return frames.filter((frame) => frame.y === y).length;
}

const KINDS: ReadonlySet<string> = new Set(['label', 'kernel', 'user', 'inlined', 'unresolved']);

function frameKind(frame: RawFrame, depth: number, kindOf: KindLookup): FrameKind {
  if (depth === 0) return 'root';
  const named = frame.classes.split(/\s+/).find((name) => KINDS.has(name));
  if (named) return named as FrameKind;
  const known = kindOf(frame.name);
  if (known) return known;
  return /^(0x[0-9a-f]+|\[unknown\])$/i.test(frame.name) ? 'unresolved' : 'user';
}
