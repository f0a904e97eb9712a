// uPlot as this page uses it: one line over time, colours from the tokens, round steps. Loaded with the first series.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatNumber, formatTimeOfDay } from '../lib/format';
import { valueScale } from './scale';
import type { Columns } from './series';

const FONT = '12px system-ui, sans-serif';
/** Between two times of the axis there is room for one. */
const TIME_PX = 90;

export interface Ink {
  readonly accent: string;
  readonly line: string;
  readonly 'text-quiet': string;
}

export interface Reading {
  /** The point under the pointer; null away from the plot. */
  onpoint(index: number | null): void;
  /** A stretch was dragged over: milliseconds since 1970. */
  onrange(from: number, to: number): void;
}

export class Plot {
  readonly #plot: uPlot;

  /** Plots of one `group` show the same moment under the pointer. */
  constructor(host: HTMLElement, height: number, group: string, ink: Ink, { onpoint, onrange }: Reading) {
    const axis = { stroke: ink['text-quiet'], font: FONT, grid: { stroke: ink.line, width: 1 }, ticks: { show: false } };
    const steps = (plot: uPlot) => valueScale(plot.data[1] as number[]);
    this.#plot = new uPlot(
      {
        width: host.clientWidth,
        height,
        // Half a time stands beyond the last point.
        padding: [null, TIME_PX / 2, null, null],
        ms: 1,
        legend: { show: false },
        cursor: { y: false, sync: { key: group }, drag: { x: true, y: false, setScale: false } },
        scales: {
          x: { time: true, range: (_, low, high) => (low === high ? [low - 1000, high + 1000] : [low, high]) },
          y: { range: (plot) => [steps(plot).low, steps(plot).high] },
        },
        axes: [
          { ...axis, grid: { show: false }, size: 28, space: TIME_PX, values: (_, at, __, ___, step) => at.map((time) => formatTimeOfDay(new Date(time).toISOString(), step)) },
          { ...axis, size: 72, splits: (plot) => [...steps(plot).ticks], values: (_, at) => at.map((value) => formatNumber(value)) },
        ],
        series: [{}, { stroke: ink.accent, width: 1.5, points: { size: 4, fill: ink.accent } }],
        hooks: {
          setCursor: [(plot) => onpoint(plot.cursor.idx ?? null)],
          setSelect: [
            (plot) => {
              const { left, width } = plot.select;
              if (width === 0) return;
              plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              onrange(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
            },
          ],
        },
      },
      [[], []],
      host,
    );
  }

  show({ times, values }: Columns): void {
    this.#plot.setData([times, values]);
  }

  resize(width: number): void {
    this.#plot.setSize({ width, height: this.#plot.height });
  }

  /** Puts the pointer's line on a point, for the keyboard. */
  point(index: number): void {
    const at = this.#plot.data[0][index];
    if (at !== undefined) this.#plot.setCursor({ left: this.#plot.valToPos(at, 'x'), top: 0 });
  }

  destroy(): void {
    this.#plot.destroy();
  }
}
