// How long to wait before the next attempt to reconnect.

const FIRST_MS = 250;
const LONGEST_MS = 8000;

/** Doubles from a quarter of a second to eight; `random` (0 to 1) spreads viewers of one run by ±30 %. */
export function backoff(attempt: number, random: number): number {
  const base = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round(base * (0.7 + 0.6 * random));
}
