// Two flame graphs beside each other: shares of the whole, since the two rarely lasted equally long.
import { reweigh, type FlameTree } from './tree';

/** For each node its share now minus its share then, -1 to 1. */
export function shareChanges(now: FlameTree, then: FlameTree): Float64Array {
  const before = new Map<number, number>();
  for (let node = 0; node < then.size; node++) before.set(then.id[node] ?? 0, then.total[node] ?? 0);
  const whole = now.total[0] || 1;
  const wholeThen = then.total[0] || 1;
  const changes = new Float64Array(now.size);
  for (let node = 0; node < now.size; node++) changes[node] = (now.total[node] ?? 0) / whole - (before.get(now.id[node] ?? 0) ?? 0) / wholeThen;
  return changes;
}

/** What came after a moment, of counters that only grow: the tree now minus the tree then. */
export function since(now: FlameTree, then: FlameTree): FlameTree {
  const before = new Map<number, number>();
  for (let node = 0; node < then.size; node++) before.set(then.id[node] ?? 0, then.own[node] ?? 0);
  const own = now.own.slice();
  for (let node = 0; node < now.size; node++) own[node] = Math.max(0, (own[node] ?? 0) - (before.get(now.id[node] ?? 0) ?? 0));
  return reweigh(now, own);
}

/** A change of share with its sign: +3.2 %, -0.4 %, ±0 %. */
export function changeText(change: number): string {
  const percent = change * 100;
  if (Math.abs(percent) < 0.05) return '±0 %';
  return `${percent > 0 ? '+' : '−'}${Math.abs(percent).toFixed(1)} %`;
}
