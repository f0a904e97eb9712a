// Moving through a flame graph with the arrow keys.
import type { FlameModel } from './model';

export type Move = 'parent' | 'child' | 'previous' | 'next';

/** The frame a move leads to; the same frame when there is none. */
export function move(model: FlameModel, from: number, to: Move): number {
  const frame = model.frames[from];
  if (!frame) return model.frames.length > 0 ? 0 : -1;
  if (to === 'parent') return frame.parent >= 0 ? frame.parent : from;
  if (to === 'child') return widest(model, frame.children) ?? from;
  const siblings = model.frames[frame.parent]?.children ?? [];
  const place = siblings.indexOf(from);
  return siblings[place + (to === 'next' ? 1 : -1)] ?? from;
}

function widest(model: FlameModel, children: readonly number[]): number | null {
  let best: number | null = null;
  for (const child of children) {
    const width = model.frames[child]?.width ?? 0;
    if (best === null || width > (model.frames[best]?.width ?? 0)) best = child;
  }
  return best;
}
