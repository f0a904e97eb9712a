// Where each frame stands in a tree: what makes the share of a rare match a matter of its own nodes, not of all.
import type { FlameTree } from './tree';

export interface Places {
  /** The nodes of frame f are `nodes[start[f] .. start[f + 1]]`, in the order of the tree. */
  readonly start: Uint32Array;
  readonly nodes: Uint32Array;
}

const known = new WeakMap<FlameTree, Places>();

/** Made once for a tree, before anybody searches it. */
export function placesOf(tree: FlameTree): Places {
  let places = known.get(tree);
  if (!places) {
    places = sortByFrame(tree);
    known.set(tree, places);
  }
  return places;
}

function sortByFrame({ frame, frames }: FlameTree): Places {
  const start = new Uint32Array(frames.length + 1);
  for (const index of frame) start[index + 1] = (start[index + 1] as number) + 1;
  for (let index = 0; index < frames.length; index++) start[index + 1] = (start[index + 1] as number) + (start[index] as number);
  const next = start.slice(0, frames.length);
  const nodes = new Uint32Array(frame.length);
  for (let node = 0; node < frame.length; node++) {
    const index = frame[node] as number;
    const at = next[index] as number;
    nodes[at] = node;
    next[index] = at + 1;
  }
  return { start, nodes };
}
