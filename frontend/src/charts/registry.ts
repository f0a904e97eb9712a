// Which charts can draw which kind of value; the first is what a reader sees without asking.
import type { MapKind, MapView } from '../protocol.gen';

export type ChartName = 'number' | 'table' | 'histogram' | 'stats' | 'series' | 'text' | 'heatmap' | 'flame' | 'functions';

export const chartLabels: Record<ChartName, string> = {
  number: 'Number',
  table: 'Table',
  histogram: 'Histogram',
  stats: 'Table',
  series: 'Line',
  text: 'Text',
  heatmap: 'Over time',
  flame: 'Flame graph',
  functions: 'Functions',
};

type Shape = Pick<MapView, 'kind' | 'scalar' | 'has_stack'>;

const byKind: Record<MapKind, (shape: Shape) => ChartName[]> = {
  number: (shape) => (shape.has_stack ? ['flame', 'functions', 'table'] : shape.scalar ? ['number'] : ['table']),
  stats: () => ['stats'],
  histogram: () => ['histogram', 'heatmap'],
  series: () => ['series'],
  text: () => ['text'],
};

export const valueKinds = Object.keys(byKind) as MapKind[];

export function chartsFor(shape: Shape): ChartName[] {
  return byKind[shape.kind](shape);
}
