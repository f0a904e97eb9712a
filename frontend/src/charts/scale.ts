// The value axis of a line chart: round steps that contain every value.

export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
}

/** A range with 2 to 6 ticks at 1, 2 or 5 times a power of ten; contains zero, so that heights compare. */
export function valueScale(values: readonly number[]): Scale {
  const least = Math.min(0, ...values);
  const most = Math.max(0, ...values);
  const span = most - least || 1;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const low = Math.floor(least / step) * step;
  const high = Math.max(low + step, Math.ceil(most / step) * step);
  const ticks: number[] = [];
  for (let index = 0; low + index * step <= high + step / 2; index++) ticks.push(Number((low + index * step).toPrecision(12)));
  return { low, high, ticks };
}
