import { describe, expect, test } from 'vitest';
import type { OnThisBox } from '../src/protocol.gen';
import { costsBetween, formatPercent } from '../src/state/cost';

const box = (at_ms: number, pid: number, cpu_ms: number, kernel_ms: number | null): OnThisBox => ({ at_ms, runs: [], others: [{ pid, name: 'x', user: 'root', programs: [], links: 1, cpu_ms, kernel_ms }], measured: kernel_ms !== null });

describe('what tracing costs', () => {
  test('is a rate between two readings', () => {
    const costs = costsBetween(box(1000, 7, 50, 10), box(3000, 7, 250, 30));
    expect(costs.worker.get('pid 7')).toBe(10);
    expect(costs.kernel.get('pid 7')).toBe(1);
  });

  test('is not told without two readings of the same process', () => {
    expect(costsBetween(box(1000, 7, 50, null), box(3000, 8, 250, null)).worker.size).toBe(0);
    expect(costsBetween(box(1000, 7, 50, null), box(1000, 7, 60, null)).worker.size).toBe(0);
    expect(costsBetween(box(1000, 7, 50, null), box(2000, 7, 10, null)).worker.size).toBe(0);
    expect(costsBetween(box(1000, 7, 50, null), box(2000, 7, 60, null)).kernel.size).toBe(0);
  });

  test('is written with one digit', () => {
    expect([undefined, 0.01, 3.14, 120].map(formatPercent)).toEqual(['…', '0.0 %', '3.1 %', '120.0 %']);
  });
});
