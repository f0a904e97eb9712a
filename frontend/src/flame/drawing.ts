// Draws boxes as SVG and keeps one group per frame across updates, so that nothing flickers and the pointer stays on
// what it was on. Names reach the document as text nodes and attribute values only.
import { visibleLine } from '../lib/visible';
import { fitText, shortName, type Box } from './layout';

export const ROW_PX = 20;
const SVG = 'http://www.w3.org/2000/svg';

interface Drawn {
  readonly group: SVGGElement;
  readonly rect: SVGRectElement;
  /** Made when the name first fits: most frames of a large graph never show one. */
  text: { readonly element: SVGTextElement; readonly content: Text } | null;
  signature: string;
}

export interface DrawOptions {
  readonly rows: number;
  readonly rootAtBottom: boolean;
  readonly characterPx: number;
  readonly matches: ReadonlySet<number>;
  readonly searching: boolean;
  readonly active: string | null;
  readonly labelOf: (box: Box) => string;
}

export class FlameDrawing {
  readonly #root: SVGSVGElement;
  readonly #drawn = new Map<string, Drawn>();

  constructor(root: SVGSVGElement) {
    this.#root = root;
  }

  draw(boxes: readonly Box[], options: DrawOptions): void {
    const present = new Set(boxes.map((box) => box.frame.id));
    for (const [id, drawn] of this.#drawn) {
      if (present.has(id)) continue;
      drawn.group.remove();
      this.#drawn.delete(id);
    }
    // What stays keeps its order, so that only what is new is inserted.
    let previous: Element | null = null;
    for (const box of boxes) {
      const drawn = this.#drawn.get(box.frame.id) ?? this.#create(box);
      this.#place(drawn, box, options);
      const expected: Element | null = previous === null ? this.#root.firstElementChild : previous.nextElementSibling;
      if (expected !== drawn.group) this.#root.insertBefore(drawn.group, expected);
      previous = drawn.group;
    }
  }

  /** Where a frame is drawn, for tooltips of the keyboard. */
  boundsOf(id: string): DOMRect | null {
    return this.#drawn.get(id)?.rect.getBoundingClientRect() ?? null;
  }

  scrollTo(id: string): void {
    this.#drawn.get(id)?.group.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  #create(box: Box): Drawn {
    const group = document.createElementNS(SVG, 'g');
    group.id = `frame-${box.frame.id}`;
    group.dataset['frame'] = box.frame.id;
    group.setAttribute('role', 'treeitem');
    const rect = document.createElementNS(SVG, 'rect');
    group.append(rect);
    const drawn: Drawn = { group, rect, text: null, signature: '' };
    this.#drawn.set(box.frame.id, drawn);
    return drawn;
  }

  #place(drawn: Drawn, box: Box, options: DrawOptions): void {
    const { frame } = box;
    const row = options.rootAtBottom ? options.rows - 1 - frame.depth : frame.depth;
    const matched = options.matches.has(frame.index);
    const active = options.active === frame.id;
    const label = options.labelOf(box);
    const signature = `${box.x.toFixed(2)} ${box.width.toFixed(2)} ${row} ${matched} ${options.searching} ${active} ${box.above} ${label}`;
    if (drawn.signature === signature) return;
    drawn.signature = signature;
    const classes = ['frame', frame.kind, shade(frame.name)];
    if (matched) classes.push('match');
    else if (options.searching) classes.push('unmatched');
    if (box.above) classes.push('above');
    if (active) classes.push('active');
    drawn.group.setAttribute('class', classes.join(' '));
    drawn.group.setAttribute('aria-level', String(frame.depth + 1));
    drawn.group.setAttribute('aria-label', label);
    const gap = box.width > 3 ? 1 : 0;
    drawn.rect.setAttribute('x', box.x.toFixed(2));
    drawn.rect.setAttribute('y', String(row * ROW_PX));
    drawn.rect.setAttribute('width', Math.max(0.5, box.width - gap).toFixed(2));
    drawn.rect.setAttribute('height', String(ROW_PX - 1));
    this.#write(drawn, fitText(visibleLine(shortName(frame.name)), box.width, options.characterPx), box.x + 4, row * ROW_PX + 14);
  }

  #write(drawn: Drawn, shown: string, x: number, y: number): void {
    if (shown === '') {
      drawn.text?.element.remove();
      drawn.text = null;
      return;
    }
    if (drawn.text === null) {
      const element = document.createElementNS(SVG, 'text');
      // The group's label says the whole name; the cut one would only be read twice.
      element.setAttribute('aria-hidden', 'true');
      const content = document.createTextNode('');
      element.append(content);
      drawn.group.append(element);
      drawn.text = { element, content };
    }
    drawn.text.element.setAttribute('x', x.toFixed(2));
    drawn.text.element.setAttribute('y', String(y));
    if (drawn.text.content.data !== shown) drawn.text.content.data = shown;
  }
}

/** One of two shades by name, so that neighbours of a kind can be told apart and a name keeps its shade. */
function shade(name: string): 'a' | 'b' {
  let sum = 0;
  for (let index = 0; index < name.length; index++) sum = (sum * 31 + name.charCodeAt(index)) | 0;
  return sum & 1 ? 'a' : 'b';
}
