// Trees made from a tree: the other way round, the callers and the callees of one function, and a table of functions.
import { atOnce, EVERY, type Steps } from './steps';
import { buildSteps, type FlameTree } from './tree';

/** Grows a tree path by path and hands it out in depth-first order, siblings by name. */
class Grower {
  readonly #frames: number[] = [0];
  readonly #own: number[] = [0];
  readonly #children: number[][] = [[]];
  readonly #known = new Map<number, number>();

  constructor(readonly tree: FlameTree) {}

  child(parent: number, frame: number): number {
    const key = parent * this.tree.frames.length + frame;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const node = this.#frames.length;
    this.#frames.push(frame);
    this.#own.push(0);
    this.#children.push([]);
    this.#children[parent]?.push(node);
    this.#known.set(key, node);
    return node;
  }

  weigh(node: number, weight: number): void {
    this.#own[node] = (this.#own[node] ?? 0) + weight;
  }

  *finish(root = 0): Steps<FlameTree> {
    const names = this.tree.frames.map((frame) => frame.name);
    const frame: number[] = [];
    const depth: number[] = [];
    const own: number[] = [];
    const open: [number, number][] = [[root, 0]];
    for (let top = open.pop(); top; top = open.pop()) {
      if (frame.length % EVERY === 0) yield;
      const [node, at] = top;
      frame.push(this.#frames[node] ?? 0);
      depth.push(at);
      own.push(this.#own[node] ?? 0);
      const name = (child: number) => names[this.#frames[child] ?? 0] ?? '';
      const sorted = (this.#children[node] ?? []).sort((a, b) => (name(a) < name(b) ? 1 : name(a) > name(b) ? -1 : (this.#frames[b] ?? 0) - (this.#frames[a] ?? 0)));
      for (const child of sorted) open.push([child, at + 1]);
    }
    return yield* buildSteps({ frames: this.tree.frames, frame, depth, own, unit: this.tree.unit });
  }
}

/** Innermost frames at the root: where does the time go, and who called it? */
export const inverted = (tree: FlameTree): FlameTree => atOnce(invertedSteps(tree));

export function* invertedSteps(tree: FlameTree): Steps<FlameTree> {
  const grower = new Grower(tree);
  for (let node = 1; node < tree.size; node++) {
    // Each node costs as much as its stack is deep.
    if (node % (EVERY / 16) === 0) yield;
    const weight = tree.own[node] ?? 0;
    if (weight === 0) continue;
    let at = 0;
    for (let up = node; up > 0; up = tree.parent[up] ?? 0) at = grower.child(at, tree.frame[up] ?? 0);
    grower.weigh(at, weight);
  }
  return yield* grower.finish();
}

/** Nodes of a frame that are not below another node of it: their weights add up, recursion or not. */
function* outermost(tree: FlameTree, frame: number): Generator<number> {
  for (let node = 0; node < tree.size; ) {
    if (tree.frame[node] !== frame) {
      node++;
      continue;
    }
    yield node;
    node = tree.end[node] ?? tree.size;
  }
}

/** Who calls a function: it is the root, its callers stand on it. */
export const callers = (tree: FlameTree, frame: number): FlameTree => atOnce(callersSteps(tree, frame));

function* callersSteps(tree: FlameTree, frame: number): Steps<FlameTree> {
  const grower = new Grower(tree);
  const root = grower.child(0, frame);
  let done = 0;
  for (const node of outermost(tree, frame)) {
    if (++done % (EVERY / 16) === 0) yield;
    let at = root;
    for (let up = tree.parent[node] ?? 0; up > 0; up = tree.parent[up] ?? 0) at = grower.child(at, tree.frame[up] ?? 0);
    grower.weigh(at, tree.total[node] ?? 0);
  }
  return yield* grower.finish(root);
}

/** What a function calls: it is the root, all its calls are one. */
export const callees = (tree: FlameTree, frame: number): FlameTree => atOnce(calleesSteps(tree, frame));

function* calleesSteps(tree: FlameTree, frame: number): Steps<FlameTree> {
  const grower = new Grower(tree);
  const root = grower.child(0, frame);
  for (const top of outermost(tree, frame)) {
    const open: number[] = [root];
    const base = tree.depth[top] ?? 0;
    grower.weigh(root, tree.own[top] ?? 0);
    for (let node = top + 1; node < (tree.end[top] ?? 0); node++) {
      if (node % EVERY === 0) yield;
      const at = (tree.depth[node] ?? 0) - base;
      const grown = grower.child(open[at - 1] ?? root, tree.frame[node] ?? 0);
      open[at] = grown;
      grower.weigh(grown, tree.own[node] ?? 0);
    }
  }
  return yield* grower.finish(root);
}

export interface Sandwich {
  readonly up: FlameTree;
  readonly down: FlameTree;
}

export function* sandwichSteps(tree: FlameTree, frame: number): Steps<Sandwich> {
  const up = yield* callersSteps(tree, frame);
  const down = yield* calleesSteps(tree, frame);
  return { up, down };
}

export interface FunctionRow {
  /** Index of the frame. */
  readonly frame: number;
  readonly self: number;
  /** Each sample counted once, however often the function is on its stack. */
  readonly total: number;
}

/** Every function under a node, without labels. */
export function functions(tree: FlameTree, focus: number): FunctionRow[] {
  const self = new Float64Array(tree.frames.length);
  const total = new Float64Array(tree.frames.length);
  /** Until which node a frame is on the stack already. */
  const until = new Uint32Array(tree.frames.length);
  for (let node = focus; node < (tree.end[focus] ?? 0); node++) {
    const frame = tree.frame[node] ?? 0;
    self[frame] = (self[frame] ?? 0) + (tree.own[node] ?? 0);
    if (node < (until[frame] ?? 0)) continue;
    until[frame] = tree.end[node] ?? 0;
    total[frame] = (total[frame] ?? 0) + (tree.total[node] ?? 0);
  }
  const rows: FunctionRow[] = [];
  tree.frames.forEach((info, frame) => {
    if (info.kind !== 'label' && (total[frame] ?? 0) > 0) rows.push({ frame, self: self[frame] ?? 0, total: total[frame] ?? 0 });
  });
  return rows;
}
