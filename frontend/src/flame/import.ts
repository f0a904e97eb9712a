// Reads inferno's SVG as data: names and numbers are taken out, and the page draws rectangles of its own. The file is
// never parsed into a document, so its scripts, styles, links and handlers have nowhere to go.
import { readXml, type XmlEvent } from '../lib/xml';
import { buildModel, emptyModel, type FlameModel, type FrameKind, type PlacedFrame } from './model';

/** A drawing larger than this is refused rather than allowed to freeze the page. */
const MOST_FRAMES = 200_000;

/** What the page knows of a frame besides its drawing. */
export type KindLookup = (name: string) => FrameKind | null;

interface RawFrame {
  readonly title: string;
  readonly classes: string;
  readonly start: number;
  readonly width: number;
  readonly y: number;
}

export function parseFlameSvg(text: string, kindOf: KindLookup): FlameModel {
  const { raw, total } = rawFrames(readXml(text));
  if (raw.length === 0) return emptyModel;
  const depths = depthOfRows(raw);
  const titles = raw.map((frame) => splitTitle(frame.title));
  const placed = raw.map((frame, index): PlacedFrame => {
    const depth = depths.get(frame.y) ?? 0;
    const name = titles[index]?.name ?? '';
    return { name, start: frame.start, width: frame.width, depth, kind: frameKind(name, frame.classes, depth, kindOf) };
  });
  return buildModel(placed, total, titles.find((title) => title.unit !== '')?.unit ?? 'samples');
}

/** Collects the groups (or links) within the element `frames`: one each, with a title and a rectangle. */
function rawFrames(events: Iterable<XmlEvent>): { raw: RawFrame[]; total: number } {
  const raw: RawFrame[] = [];
  let total = 0;
  let inside = false;
  let inTitle = false;
  let classes = '';
  let title = '';
  for (const event of events) {
    if (event.type === 'text') {
      if (inTitle) title += event.text;
    } else if (event.type === 'close') {
      if (event.name === 'title') inTitle = false;
      if (event.name === 'svg') inside = false;
    } else if (event.attributes.get('id') === 'frames') {
      inside = true;
      total = Number(event.attributes.get('total_samples')) || 0;
    } else if (inside && (event.name === 'g' || event.name === 'a')) {
      classes = event.attributes.get('class') ?? '';
      title = '';
    } else if (inside && event.name === 'title') {
      inTitle = !event.empty;
    } else if (inside && event.name === 'rect') {
      const frame = rectangle(event.attributes, title, classes);
      if (frame) raw.push(frame);
      if (raw.length > MOST_FRAMES) throw new Error('The flame graph has too many frames to draw here');
    }
  }
  if (total <= 0) total = raw.reduce((most, frame) => Math.max(most, frame.width), 0);
  return { raw, total };
}

function rectangle(attributes: ReadonlyMap<string, string>, title: string, classes: string): RawFrame | null {
  const [start, width, y] = ['fg:x', 'fg:w', 'y'].map((name) => Number(attributes.get(name) ?? NaN));
  if (start === undefined || width === undefined || y === undefined) return null;
  if (![start, width, y].every(Number.isFinite) || start < 0 || width < 0) return null;
  return { title, classes, start, width, y };
}

/** Inferno's title: `name (1,234 samples, 12.34%)`; a differential one has a second percentage. */
export function splitTitle(title: string): { name: string; unit: string } {
  const match = /^([^]*) \([\d,]+ ([^()]*), [\d.]+%(?:; [+-]?[\d.]+%)?\)$/.exec(title);
  return match ? { name: match[1] ?? '', unit: match[2] ?? '' } : { name: title, unit: '' };
}

/** Rows by their y: the root's row is the outer one that a single frame fills; depth grows away from it. */
function depthOfRows(frames: readonly RawFrame[]): Map<number, number> {
  const rows = [...new Set(frames.map((frame) => frame.y))].sort((a, b) => a - b);
  const covered = (y: number | undefined) => frames.reduce((sum, frame) => (frame.y === y ? sum + frame.width : sum), 0);
  const count = (y: number | undefined) => frames.reduce((sum, frame) => sum + Number(frame.y === y), 0);
  const [top, bottom] = [rows[0], rows.at(-1)];
  const rootAtBottom = covered(bottom) > covered(top) || (covered(bottom) === covered(top) && count(bottom) <= count(top));
  const ordered = rootAtBottom ? rows.reverse() : rows;
  return new Map(ordered.map((y, depth) => [y, depth]));
}

const KINDS: ReadonlySet<string> = new Set(['label', 'kernel', 'user', 'jit', 'inlined', 'unresolved']);

function frameKind(name: string, classes: string, depth: number, kindOf: KindLookup): FrameKind {
  if (depth === 0) return 'root';
  const named = classes.split(/\s+/).find((one) => KINDS.has(one));
  if (named) return named as FrameKind;
  const known = kindOf(name);
  if (known) return known;
  return /^(0x[0-9a-f]+|\[unknown\])$/i.test(name) ? 'unresolved' : 'user';
}
