// Moving through a flame graph with the arrow keys.
import { children, type FlameTree } from './tree';

export type Move = 'parent' | 'child' | 'previous' | 'next';

/** The node a move leads to; the same node when there is none. */
export function move(tree: FlameTree, from: number, to: Move): number {
  const parent = tree.parent[from] ?? -1;
  if (to === 'parent') return parent >= 0 ? parent : from;
  if (to === 'child') return widest(tree, from) ?? from;
  if (parent < 0) return from;
  if (to === 'next') {
    const next = tree.end[from] ?? 0;
    return next < (tree.end[parent] ?? 0) ? next : from;
  }
  let before = from;
  for (const child of children(tree, parent)) {
    if (child === from) return before;
    before = child;
  }
  return from;
}

function widest(tree: FlameTree, node: number): number | null {
  let best: number | null = null;
  for (const child of children(tree, node)) if (best === null || (tree.total[child] ?? 0) > (tree.total[best] ?? 0)) best = child;
  return best;
}
