// Small builders of protocol values for tests.
import type { LogLine, MapView, RunInfo, ServerMessage } from '../src/protocol.gen';

export function run(more: Partial<RunInfo> = {}): RunInfo {
  return {
    id: 'a1', title: 'Calls', source: '', parameters: [], state: 'running', reason: null, ok: null, started_at: '2026-11-22T18:00:00Z', duration_ms: 4000,
    time_limit_seconds: 600, probes: 3, attaching: null, watchers: 1, watching: [], started_by: 'root', pinned: false, lost_total: 0, view_key: null, maps: [], recording_problem: null, notes: 0, costs: [], ...more,
  };
}

export function lines(from: number, to: number): LogLine[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({ sequence: from + index, at_ms: from + index, stream: 'out', kind: 'printf', text: `line ${from + index}` }));
}

/** A keyed map of numbers. */
export function counts(version: number, values: Record<string, number | string>, more: Partial<MapView> = {}): MapView {
  const entries = Object.entries(values).map(([key, v]) => ({ key: [{ t: 'text' as const, v: key }], value: { t: 'number' as const, v } }));
  const sum = Object.values(values).reduce<number>((total, value) => total + Number(value), 0);
  return { id: 0, name: '@calls', version, kind: 'number', scalar: false, key_parts: ['string[16]'], has_stack: false, total_entries: entries.length, omitted: 0, sum, entries, ...more };
}

export function snapshot(more: Partial<Extract<ServerMessage, { type: 'snapshot' }>> = {}): Extract<ServerMessage, { type: 'snapshot' }> {
  return { type: 'snapshot', sequence: 5, at_ms: 1000, run: run(), log: [], log_dropped: 0, maps: [], lost: [], diagnostics: [], events: 0, ...more };
}

export function update(more: Partial<Extract<ServerMessage, { type: 'update' }>> = {}): Extract<ServerMessage, { type: 'update' }> {
  return { type: 'update', sequence: 6, at_ms: 1100, events: 0, ...more };
}
