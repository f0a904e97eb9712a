// The state of a run in words: for the top bar, for empty panels, for lists.
import { formatClock, formatSpan, plural } from '../lib/format';
import type { RunInfo } from '../protocol.gen';

export type Tone = 'live' | 'waiting' | 'ended' | 'failed';

export interface Status {
  readonly tone: Tone;
  readonly word: string;
  /** A clock that goes on while the run does. */
  readonly clock: string;
}

/** `sinceHeardMs` is how long ago the run's facts arrived: the server does not send the time every second. */
export function statusOf(run: RunInfo, sinceHeardMs: number): Status {
  const clock = formatClock(run.state === 'ended' ? run.duration_ms : elapsed(run, sinceHeardMs));
  switch (run.state) {
    case 'starting':
      return { tone: 'waiting', word: run.attaching ? `Attaching ${run.attaching.done} of ${run.attaching.total}` : 'Starting', clock };
    case 'running':
      return { tone: 'live', word: 'Live', clock };
    case 'stopping':
      return { tone: 'waiting', word: 'Stopping', clock };
    case 'ended':
      return run.ok === false ? { tone: 'failed', word: 'Failed', clock } : { tone: 'ended', word: 'Ended', clock };
  }
}

export function elapsed(run: RunInfo, sinceHeardMs: number): number {
  return run.duration_ms + Math.max(0, sinceHeardMs);
}

/** What an empty panel says: what is going on, and what to do about it. */
export function emptySentence(run: RunInfo | null, sinceHeardMs: number): { readonly what: string; readonly next: string } {
  if (run === null) return { what: 'Connecting to the run', next: '' };
  if (run.state === 'starting') {
    const progress = run.attaching ? `: ${run.attaching.done} of ${run.attaching.total} probes` : '';
    return { what: `Compiling and attaching${progress}`, next: 'The picture appears here as soon as a probe fires.' };
  }
  if (run.state !== 'ended') {
    return {
      what: `Attached to ${plural(run.probes, 'probe', 'probes')} ${formatSpan(elapsed(run, sinceHeardMs))} ago, nothing to show yet`,
      next: 'If what you trace does not happen by itself, make it happen now. A filter may also keep everything out.',
    };
  }
  if (run.ok === false) return { what: 'The run ended before it had anything to show', next: '' };
  if (run.probes === 0) return { what: 'The run ended and printed nothing', next: '' };
  return {
    what: `${plural(run.probes, 'probe', 'probes')} attached for ${formatSpan(run.duration_ms)}, nothing matched`,
    next: 'Run again while the thing happens, or loosen the filter in the script.',
  };
}
