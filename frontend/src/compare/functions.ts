// Which functions take another share of two flame graphs: what they do themselves, without what they call.
import { functions } from '../flame/merge';
import type { FlameTree } from '../flame/tree';

export interface FunctionPair {
  readonly name: string;
  /** Shares of all samples of their run, 0 to 1. */
  readonly before: number;
  readonly now: number;
}

/** Those that differ most come first. */
export function functionPairs(before: FlameTree, now: FlameTree): FunctionPair[] {
  const [then, current] = [shares(before), shares(now)];
  return [...new Set([...then.keys(), ...current.keys()])]
    .map((name) => ({ name, before: then.get(name) ?? 0, now: current.get(name) ?? 0 }))
    .filter((pair) => pair.before !== pair.now)
    .sort((a, b) => Math.abs(b.now - b.before) - Math.abs(a.now - a.before));
}

function shares(tree: FlameTree): Map<string, number> {
  const whole = tree.total[0] || 1;
  const sums = new Map<string, number>();
  for (const row of functions(tree, 0)) {
    const name = tree.frames[row.frame]?.name ?? '';
    if (row.self > 0) sums.set(name, (sums.get(name) ?? 0) + row.self / whole);
  }
  return sums;
}
