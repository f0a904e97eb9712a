import { describe, expect, test } from 'vitest';
import { cellsOf, parseSpan, secondsOf, spanOf, spanText, within } from '../src/flame/seconds';
import { parseAgainst } from '../src/flame/source.svelte';
import { formatMoment } from '../src/lib/format';

const times = (samples: number[]) => ({ step_ms: 100, samples });
const run = (tenths: number) => times(Array.from({ length: tenths }, (_, index) => index));

describe('the sub-second heat map', () => {
  test('has a column for each second, the last one as far as it goes', () => {
    const seconds = secondsOf(run(25), 100);
    expect([seconds.first, seconds.columns, seconds.most]).toEqual([0, 3, 24]);
    expect(seconds.cells.slice(20)).toEqual([20, 21, 22, 23, 24, 0, 0, 0, 0, 0]);
    expect(secondsOf(times([]), 100)).toMatchObject({ columns: 0, cells: [], most: 0 });
  });

  test('shows the last seconds where there is no room for all', () => {
    const seconds = secondsOf(run(45), 2);
    expect([seconds.first, seconds.columns, seconds.cells[0]]).toEqual([3, 2, 30]);
    expect(spanOf(seconds, 0, 0)).toEqual({ fromMs: 3000, toMs: 3100 });
    expect(cellsOf(seconds, { fromMs: 0, toMs: 3200 })).toEqual([0, 2]);
    expect(cellsOf(seconds, { fromMs: 0, toMs: 2000 })).toBeNull();
  });

  test('a stretch is all time between two cells, whichever was touched first', () => {
    const seconds = secondsOf(run(40), 100);
    const span = spanOf(seconds, 23, 7);
    expect(span).toEqual({ fromMs: 700, toMs: 2400 });
    expect(cellsOf(seconds, span)).toEqual([7, 24]);
    expect(within(seconds, span)).toBe(Array.from({ length: 17 }, (_, index) => index + 7).reduce((sum, count) => sum + count, 0));
  });

  test('a stretch stands in addresses as what a graph is compared with', () => {
    const span = { fromMs: 700, toMs: 2400 };
    expect(parseSpan(spanText(span))).toEqual(span);
    expect(parseAgainst('range:700-2400')).toEqual({ kind: 'range', span });
    for (const wrong of ['range:5-5', 'range:9-5', 'range:-5', 'range:1-2-3', 'at:5', undefined]) expect(parseSpan(wrong)).toBeNull();
  });

  test('moments are told in tenths where they are not on the second', () => {
    expect([0, 700, 1000, 61_250, 3_600_100].map(formatMoment)).toEqual(['00:00', '00:00.7', '00:01', '01:01.3', '1:00:00.1']);
  });
});
