// Geometry of a simple line chart: values to points of a path, and round axis steps.

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

export interface Box {
  readonly width: number;
  readonly height: number;
}

/** A point in time, in milliseconds. */
export interface Sample {
  readonly at: number;
  readonly value: number;
}

/** SVG path data, by time: intervals without a value take their room. A single point becomes a level line. */
export function linePath(samples: readonly Sample[], scale: Scale, box: Box): string {
  const y = (value: number) => round(box.height - ((value - scale.low) / (scale.high - scale.low)) * box.height);
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) return '';
  const span = last.at - first.at;
  if (span <= 0) return `M0 ${y(last.value)}H${round(box.width)}`;
  return samples.map(({ at, value }, index) => `${index === 0 ? 'M' : 'L'}${round(((at - first.at) / span) * box.width)} ${y(value)}`).join('');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
