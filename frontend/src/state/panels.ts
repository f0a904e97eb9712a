// Which panels a run has, and which chart each shows first. Follows from the data types, never from a menu.
import { chartsFor, type ChartName } from '../charts/registry';
import type { MapShape } from '../protocol.gen';
import type { MapState } from './maps';
import type { RunState } from './run';

export type Panel =
  | { readonly kind: 'log'; readonly id: 'log'; readonly label: string }
  | { readonly kind: 'map'; readonly id: string; readonly label: string; readonly shape: MapShape | null; readonly map: MapState | null; readonly charts: readonly ChartName[] };

/** Whether a map's values are counted, summed or sorted into buckets: what a script wants to show. */
export function isAggregate(type: string): boolean {
  return /^u?(?:count|sum|min|max|avg|stats|hist|lhist|tseries)(?:_t)?\b/.test(type);
}

/** Maps in the order of the script's declarations, then the log when there is one to show. */
export function panelsOf(state: RunState): Panel[] {
  const shapes = state.run?.maps ?? [];
  const byName = new Map([...state.maps.values()].map((map) => [map.view.name, map]));
  const names = [...new Set([...shapes.map((shape) => shape.name), ...byName.keys()])];
  const panels: Panel[] = [];
  for (const name of names) {
    const map = byName.get(name) ?? null;
    const shape = shapes.find((candidate) => candidate.name === name) ?? null;
    panels.push({ kind: 'map', id: name, label: name, shape, map, charts: map ? chartsFor(map.view) : [] });
  }
  const printed = state.log.lines.length > 0 || state.log.older > 0;
  if (printed || panels.length === 0) panels.push({ kind: 'log', id: 'log', label: 'Log' });
  return panels;
}
