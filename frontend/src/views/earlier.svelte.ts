// Lines of a run that the page does not hold: asked for a thousand at a time, those that the filter lets through.
import { api } from '../api';
import { plural } from '../lib/format';
import type { LogLine } from '../protocol.gen';

/** Lines held beside those that are live; what is further back is in the file of the whole output. */
const MOST = 20_000;

export class EarlierLines {
  lines = $state.raw<readonly LogLine[]>([]);
  /** The number of the line that follows them. */
  end = $state(0);
  /** How many more the server has before these; null until it was asked. */
  left = $state<number | null>(null);
  busy = $state(false);
  problem = $state<string | null>(null);
  #asked: AbortController | null = null;

  get full(): boolean {
    return this.lines.length >= MOST;
  }

  /** Another filter, or another run: what was fetched answers no longer. */
  forget() {
    this.#asked?.abort();
    this.#asked = null;
    this.lines = [];
    this.left = null;
    this.busy = false;
    this.problem = null;
  }

  /** The last lines before those at hand, of which the first one of the page has this number. */
  async load(run: string, firstKept: number, pattern: string) {
    this.#asked?.abort();
    const asked = (this.#asked = new AbortController());
    this.busy = true;
    this.problem = null;
    try {
      const before = this.lines[0]?.sequence ?? firstKept;
      if (this.lines.length === 0) this.end = firstKept;
      const answer = await api.lines(run, before, pattern.trim(), asked.signal);
      if (asked.signal.aborted) return;
      this.lines = [...answer.lines, ...this.lines];
      this.left = answer.matched - answer.lines.length;
    } catch (error) {
      if (!asked.signal.aborted) this.problem = error instanceof Error ? error.message : String(error);
    } finally {
      if (this.#asked === asked) this.busy = false;
    }
  }
}

/** What is shown: fetched lines, then those of the page, and a word where it has dropped some in between since. */
export function joined(earlier: readonly LogLine[], end: number, kept: readonly LogLine[], filtered: readonly LogLine[]): readonly LogLine[] {
  const first = kept[0];
  if (earlier.length === 0 || !first) return filtered;
  const missing = first.sequence - end;
  if (missing <= 0) return [...earlier, ...filtered.filter((line) => line.sequence >= end)];
  const text = `… ${plural(missing, 'line', 'lines')} that came in between: load them anew`;
  return [...earlier, { sequence: first.sequence - 0.5, at_ms: first.at_ms, stream: 'out', kind: 'note', text }, ...filtered];
}
