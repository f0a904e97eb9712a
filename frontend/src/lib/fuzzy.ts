// Finding a command by a few of its letters: all letters in order; beginnings of words and neighbours count more.

/** The higher the better; null when it does not match. */
export function fuzzyScore(text: string, wanted: string): number | null {
  const letters = wanted.toLowerCase().replace(/\s+/g, '');
  if (letters === '') return 0;
  const lower = text.toLowerCase();
  const whole = lower.indexOf(wanted.trim().toLowerCase());
  if (whole >= 0) return 1000 - whole + (whole === 0 || /\W/.test(lower.charAt(whole - 1)) ? 500 : 0);
  let score = 0;
  let at = -1;
  for (const letter of letters) {
    const next = lower.indexOf(letter, at + 1);
    if (next < 0) return null;
    if (next === at + 1) score += 3;
    else if (next === 0 || /[\W_]/.test(lower.charAt(next - 1))) score += 5;
    else score -= Math.min(3, next - at - 1);
    at = next;
  }
  return score;
}

/** Those that match, the best first; equal ones in their order. */
export function ranked<T>(items: readonly T[], wanted: string, textOf: (item: T) => string): T[] {
  const scored = items.map((item) => ({ item, score: fuzzyScore(textOf(item), wanted) })).filter((one) => one.score !== null);
  return scored.sort((a, b) => (b.score ?? 0) - (a.score ?? 0)).map((one) => one.item);
}
