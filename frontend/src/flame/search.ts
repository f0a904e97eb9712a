// Search in a flame graph: plain text, any case. Not a pattern: the term may come from a link.
import type { FlameModel } from './model';

export interface Found {
  /** Indexes of matching frames in the order of the model. */
  readonly frames: ReadonlySet<number>;
  /** Samples under matching frames within the focus, each counted once. */
  readonly width: number;
}

export const nothingFound: Found = { frames: new Set(), width: 0 };

export function search(model: FlameModel, term: string, focus: number): Found {
  const wanted = term.trim().toLowerCase();
  const focused = model.frames[focus];
  if (wanted === '' || !focused) return nothingFound;
  const frames = new Set<number>();
  let width = 0;
  /** True for frames whose ancestor within the focus matched already. */
  const covered = new Uint8Array(model.frames.length);
  for (const frame of model.frames) {
    const matches = frame.kind !== 'root' && frame.name.toLowerCase().includes(wanted);
    if (matches) frames.add(frame.index);
    const inside = frame.depth >= focused.depth && frame.start >= focused.start && frame.start + frame.width <= focused.start + focused.width;
    if (!inside) continue;
    if (frame.parent >= 0 && covered[frame.parent]) covered[frame.index] = 1;
    else if (matches) {
      covered[frame.index] = 1;
      width += frame.width;
    }
  }
  return { frames, width };
}
