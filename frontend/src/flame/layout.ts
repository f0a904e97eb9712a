// Where each frame is drawn for a zoom and a width in pixels.
import { pathTo, type FlameFrame, type FlameModel } from './model';

/** Narrower than this cannot be seen or pointed at. */
const NARROWEST_PX = 0.6;

export interface Box {
  readonly frame: FlameFrame;
  readonly x: number;
  readonly width: number;
  /** An ancestor of the focus: drawn over the whole width, dimmed. */
  readonly above: boolean;
}

/** Boxes in the order of the model: rows from the root, left to right. */
export function layout(model: FlameModel, focus: number, widthPx: number): Box[] {
  const focused = model.frames[focus] ?? model.frames[0];
  if (!focused || focused.width <= 0 || widthPx <= 0) return [];
  const boxes: Box[] = [];
  for (const frame of pathTo(model, focused.index)) {
    if (frame.index !== focused.index) boxes.push({ frame, x: 0, width: widthPx, above: true });
  }
  const scale = widthPx / focused.width;
  let row: readonly FlameFrame[] = [focused];
  while (row.length > 0) {
    const next: FlameFrame[] = [];
    for (const frame of row) {
      const width = frame.width * scale;
      if (width < NARROWEST_PX) continue;
      boxes.push({ frame, x: (frame.start - focused.start) * scale, width, above: false });
      for (const child of frame.children) {
        const found = model.frames[child];
        if (found) next.push(found);
      }
    }
    row = next;
  }
  return boxes;
}

/** A frame without a symbol is called by its file; the folders say little and fill the frame. */
export function shortName(name: string): string {
  return name.replace(/^\[\/(?:.*\/)?([^/]+)\]$/, '[$1]');
}

/** The name as far as it fits, nothing when not even three characters do. */
export function fitText(name: string, widthPx: number, characterPx: number): string {
  const room = Math.floor((widthPx - 6) / characterPx);
  if (room < 3) return '';
  const characters = [...name];
  return characters.length <= room ? name : `${characters.slice(0, room - 1).join('')}…`;
}

/**
 * The frame to focus when the wanted one may be gone: the deepest of its path that is still there. `wanted` is the
 * path's ids from the root.
 */
export function survivingFocus(model: FlameModel, wanted: readonly string[]): number {
  for (let position = wanted.length - 1; position >= 0; position--) {
    const index = model.byId.get(wanted[position] ?? '');
    if (index !== undefined) return index;
  }
  return 0;
}
