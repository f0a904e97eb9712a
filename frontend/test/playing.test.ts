import { expect, test } from 'vitest';
import { playFrom, playTo } from '../src/state/playing';

test('playing begins at the chosen moment, or at the start', () => {
  expect([playFrom(null, 9000), playFrom(2000, 9000), playFrom(9000, 9000)]).toEqual([0, 2000, 0]);
});

test('the playhead moves as fast as it is told, and ends with the run', () => {
  expect([playTo(1000, 250, 0.25, 9000), playTo(1000, 250, 1, 9000), playTo(1000, 250, 16, 9000)]).toEqual([1063, 1250, 5000]);
  expect(playTo(8000, 250, 4, 9000)).toBe(null);
});
