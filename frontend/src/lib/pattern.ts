// A filter for lines as people type it: a regular expression, any case; one that is not finished yet is plain text.

const LONGEST = 200;
/** A repetition of a repetition can take for ever on a line that does not match, and a filter may come from a link. */
const NESTED = /\([^()]*[+*}][^()]*\)[+*{]/;

export interface LineFilter {
  readonly test: (text: string) => boolean;
  /** Why it is taken as plain text, null when it is a pattern. */
  readonly problem: string | null;
}

/** Null for an empty filter. */
export function lineFilter(text: string): LineFilter | null {
  const wanted = text.trim();
  if (wanted === '') return null;
  const plain = (problem: string | null): LineFilter => {
    const lower = wanted.toLowerCase();
    return { test: (line) => line.toLowerCase().includes(lower), problem };
  };
  if (!/[\\^$.*+?()[\]{}|]/.test(wanted)) return plain(null);
  if (wanted.length > LONGEST || NESTED.test(wanted)) return plain('Too slow as a pattern, taken as text');
  try {
    const pattern = new RegExp(wanted, 'i');
    return { test: (line) => pattern.test(line.length > 2000 ? line.slice(0, 2000) : line), problem: null };
  } catch {
    return plain('Not a pattern, taken as text');
  }
}
