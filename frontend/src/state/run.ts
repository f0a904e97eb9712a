// Everything the page knows about the run it shows: a pure function of the server's messages.
import type { DiagnosticView, Loss, RunInfo, ServerMessage } from '../protocol.gen';
import { appendLines, emptyLog, logFromSnapshot, skipLines, type LogState } from './log';
import { lossTotal, mergeLoss } from './loss';
import { mapsFromSnapshot, noMaps, updateMaps, withoutRates, type MapsState } from './maps';

export interface RunState {
  /** Last message applied; what a reconnect resumes after. */
  readonly sequence: number;
  readonly run: RunInfo | null;
  readonly log: LogState;
  readonly maps: MapsState;
  readonly lost: readonly Loss[];
  readonly diagnostics: readonly DiagnosticView[];
  /** Lines of output per second, as the server measures it. */
  readonly rate: number | null;
  /** What the server refused, in its words. */
  readonly problem: string | null;
  /**
   * The server was killed in mid-run and its recording ends before what this page shows: how far it goes, in
   * milliseconds since the start. What came after that is in this page only.
   */
  readonly recordedMs: number | null;
}

export const emptyRun: RunState = {
  sequence: 0,
  run: null,
  log: emptyLog,
  maps: noMaps,
  lost: [],
  diagnostics: [],
  rate: null,
  problem: null,
  recordedMs: null,
};

export function reduceRun(state: RunState, message: ServerMessage): RunState {
  switch (message.type) {
    case 'snapshot':
      // What was shown is not taken back.
      if (state.run?.id === message.run.id && message.run.state === 'ended' && message.sequence < state.sequence) {
        return settle({ ...state, run: message.run, problem: null, recordedMs: message.at_ms });
      }
      return settle({
        sequence: message.sequence,
        run: message.run,
        log: logFromSnapshot(message.log, message.log_dropped, state.log.skipped),
        maps: mapsFromSnapshot(message.maps, message.run.maps, message.at_ms),
        lost: message.lost,
        diagnostics: message.diagnostics,
        rate: null,
        problem: null,
        recordedMs: null,
      });
    case 'update': {
      // Every part merges by its own number, so a message that comes twice, or one that carries no event (a watcher
      // came or went), does no harm.
      const run = message.run ?? state.run;
      return settle({
        recordedMs: state.recordedMs,
        sequence: Math.max(state.sequence, message.sequence),
        run,
        log: message.log ? appendLines(state.log, message.log) : state.log,
        maps: message.maps ? updateMaps(state.maps, message.maps, run?.maps ?? [], message.at_ms) : state.maps,
        lost: message.lost ? mergeLoss(state.lost, message.lost) : state.lost,
        diagnostics: message.diagnostics ? addDiagnostics(state.diagnostics, message.diagnostics) : state.diagnostics,
        rate: message.rate ?? state.rate,
        problem: null,
      });
    }
    case 'skipped':
      return { ...state, log: skipLines(state.log, message.lines) };
    case 'evicted':
      // About the connection, not about the run: what was shown stays.
      return state;
    case 'error':
      return { ...state, problem: message.message };
    default:
      return unknownMessage(message, state);
  }
}

function addDiagnostics(known: readonly DiagnosticView[], added: readonly DiagnosticView[]): readonly DiagnosticView[] {
  const same = (a: DiagnosticView, b: DiagnosticView) => a.start === b.start && a.code === b.code && a.message === b.message;
  const fresh = added.filter((diagnostic) => !known.some((other) => same(other, diagnostic)));
  return fresh.length === 0 ? known : [...known, ...fresh];
}

/** An ended run has no rate any more. */
function settle(state: RunState): RunState {
  if (state.run?.state !== 'ended') return state;
  return { ...state, rate: null, maps: withoutRates(state.maps) };
}

/** A newer server may send more; TypeScript's `never` makes this build fail when the protocol grows. */
function unknownMessage(_message: never, state: RunState): RunState {
  return state;
}

/** A file of another tool: nothing was attached, and still it ended as it should. */
export function isImported(run: RunInfo): boolean {
  return run.state === 'ended' && run.ok === true && run.probes === 0;
}

/** Lost events as the top bar shows them: the larger of what the run and the causes say, since either may arrive first. */
export function lostTotal(state: RunState): number {
  return Math.max(lossTotal(state.lost), state.run?.lost_total ?? 0);
}

/** True when anything at all has come out of the script. */
export function hasOutput(state: RunState): boolean {
  if (state.log.lines.length > 0 || state.log.older > 0) return true;
  for (const map of state.maps.values()) if (map.view.total_entries > 0 || map.view.entries.length > 0) return true;
  return false;
}
