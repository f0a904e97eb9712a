// What tracing costs, from two readings of times that only grow.
import type { OnThisBox } from '../protocol.gen';

/** Percent of one CPU by what it belongs to; the first reading alone tells nothing. */
export interface Costs {
  readonly worker: ReadonlyMap<string, number>;
  readonly kernel: ReadonlyMap<string, number>;
}

export const noCosts: Costs = { worker: new Map(), kernel: new Map() };

/** Keys: the run's id, or `pid N` for processes of others. */
export function costsBetween(before: OnThisBox, after: OnThisBox): Costs {
  const span = after.at_ms - before.at_ms;
  if (span <= 0) return noCosts;
  const [then, now] = [readings(before), readings(after)];
  const worker = new Map<string, number>();
  const kernel = new Map<string, number>();
  for (const [key, reading] of now) {
    const earlier = then.get(key);
    // Another process with the same number has used less.
    if (!earlier || earlier.pid !== reading.pid || reading.cpu < earlier.cpu) continue;
    worker.set(key, ((reading.cpu - earlier.cpu) / span) * 100);
    if (reading.kernel !== null && earlier.kernel !== null) kernel.set(key, (Math.max(0, reading.kernel - earlier.kernel) / span) * 100);
  }
  return { worker, kernel };
}

interface Reading {
  readonly pid: number | null;
  readonly cpu: number;
  readonly kernel: number | null;
}

function readings(box: OnThisBox): Map<string, Reading> {
  const found = new Map<string, Reading>();
  for (const { run, pid, cpu_ms, kernel_ms } of box.runs) found.set(run.id, { pid, cpu: cpu_ms, kernel: kernel_ms });
  for (const { pid, cpu_ms, kernel_ms } of box.others) found.set(`pid ${pid}`, { pid, cpu: cpu_ms, kernel: kernel_ms });
  return found;
}

export function formatPercent(percent: number | undefined): string {
  if (percent === undefined) return '…';
  return percent < 0.05 ? '0.0 %' : `${percent.toFixed(1)} %`;
}
