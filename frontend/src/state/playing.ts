// Playing a run again: where the playhead is after some time, at a speed.

export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16] as const;
export type Speed = (typeof SPEEDS)[number];

/** How often another moment is shown. */
export const STEP_MS = 250;

/** Where playing begins: at the chosen moment, or from the start when there is none or nothing is left. */
export function playFrom(atMs: number | null, endMs: number): number {
  return atMs === null || atMs >= endMs ? 0 : atMs;
}

/** The moment after some real time; null at the end of the run. */
export function playTo(atMs: number, elapsedMs: number, speed: Speed, endMs: number): number | null {
  const next = Math.round(atMs + elapsedMs * speed);
  return next >= endMs ? null : next;
}
