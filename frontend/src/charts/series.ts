// What a series of tseries() gives a line chart: times and values in two columns.
import { toNumber } from '../lib/format';
import type { MapValue } from '../protocol.gen';

export interface Columns {
  /** Milliseconds since 1970. */
  readonly times: number[];
  readonly values: number[];
}

/** Empty for a value of another type. */
export function seriesOf(value: MapValue): Columns {
  const points = value.t === 'series' ? value.points : [];
  return { times: points.map((point) => Date.parse(point.at)), values: points.map((point) => toNumber(point.value)) };
}
