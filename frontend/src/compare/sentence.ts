// What changed most between two runs, in one sentence.
import { keyTitle } from '../charts/keys';
import { formatNumber, formatShare } from '../lib/format';
import { unitOf } from '../lib/units';
import { visibleLine } from '../lib/visible';
import type { FunctionPair } from './functions';
import { changeOf, type HistogramPair, type MapPair, type QuantilePair, type RowPair } from './maps';

interface Finding {
  /** How telling it is: 1 is a doubling of everything. */
  readonly weight: number;
  readonly text: string;
}

/** Less than this is what two runs of the same thing differ by. */
const NOTICED = 0.05;
/** Quantiles of fewer values jump by themselves. */
const ENOUGH_VALUES = 50;

export function sentenceOf(maps: readonly MapPair[], functions: ReadonlyMap<string, readonly FunctionPair[]>): string {
  const findings = maps
    .flatMap((pair) => (pair.kind === 'histogram' ? ofHistogram(pair) : pair.kind === 'rows' ? ofRows(pair) : pair.kind === 'stacks' ? ofStacks(pair.name, functions.get(pair.name) ?? []) : []))
    .sort((a, b) => b.weight - a.weight);
  const [first, second] = findings;
  if (!first) return maps.some((pair) => pair.kind !== 'apart') ? 'No map changed noticeably.' : 'The two runs have no map in common.';
  // A second that says nearly as much is worth the room.
  const text = second && second.weight > first.weight / 2 ? `${first.text}; ${second.text}` : first.text;
  return `${text}.`;
}

function ofHistogram(pair: Extract<MapPair, { kind: 'histogram' }>): Finding[] {
  const unit = unitOf(pair.name);
  const all = moves(pair, pair.name, unit);
  // A key weighs as much as it has of the values: what moves all of them is said of all.
  const keys = pair.keys.filter(({ totals }) => Math.min(totals.before, totals.now) >= ENOUGH_VALUES);
  const ofKeys = keys.flatMap((one) => moves(one, `${pair.name}[${keyTitle(one.key)}]`, unit).map(({ weight, text }) => ({ text, weight: weight * Math.max(one.totals.before / pair.totals.before, one.totals.now / pair.totals.now) })));
  return all.concat(ofKeys.filter(({ weight }) => weight >= NOTICED));
}

/** How the quantiles of two histograms moved, by buckets. */
function moves(pair: HistogramPair, name: string, unit: string | null): Finding[] {
  if (pair.totals.before === 0 || pair.totals.now === 0) return [];
  const place = (label: string | undefined) => pair.buckets.findIndex((bucket) => bucket.label === label);
  const moved = (one: QuantilePair) => place(one.now?.label) - place(one.before?.label);
  const changed = pair.quantiles.filter((one) => moved(one) !== 0);
  if (changed.length === 0) return [];
  const says = (one: QuantilePair) => `${one.name} of ${name} went ${moved(one) > 0 ? 'up' : 'down'} from ${one.before?.label} to ${one.now?.label}${unit ? ` ${unit}` : ''}`;
  const middle = changed.find((one) => one.name === 'p50');
  const tail = changed.findLast((one) => one.name !== 'p50');
  const stayed = pair.quantiles.find((one) => one.name === 'p50' && moved(one) === 0);
  const text = middle && tail ? `${says(middle)}, ${tail.name} from ${tail.before?.label} to ${tail.now?.label}` : tail && stayed ? `${says(tail)}, while p50 stayed` : says(changed[0] as QuantilePair);
  return [{ weight: Math.max(...changed.map((one) => Math.abs(moved(one)))), text }];
}

function ofRows(pair: Extract<MapPair, { kind: 'rows' }>): Finding[] {
  const [most] = pair.rows;
  const size = pair.rows.reduce((sum, row) => sum + Math.max(Math.abs(row.before ?? 0), Math.abs(row.now ?? 0)), 0);
  if (!most || size === 0) return [];
  const weight = Math.abs(changeOf(most)) / size;
  if (weight < NOTICED) return [];
  return [{ weight, text: `${most.key.length === 0 ? pair.name : `${keyTitle(most.key)} in ${pair.name}`} ${howRow(most)}: ${amount(most.before, pair)} before, ${amount(most.now, pair)} now` }];
}

function howRow({ before, now }: RowPair): string {
  if (before === null) return 'is new';
  if (now === null) return 'is gone';
  if (before <= 0 || now <= 0) return now > before ? 'grew' : 'shrank';
  const times = now / before;
  if (times >= 1.95) return `grew to ${times.toLocaleString('en', { maximumFractionDigits: 1 })} times`;
  if (times > 1) return `grew by ${formatNumber(Math.round((times - 1) * 100))} %`;
  return `shrank by ${formatNumber(Math.round((1 - times) * 100))} %`;
}

function amount(value: number | null, pair: Extract<MapPair, { kind: 'rows' }>): string {
  if (value === null) return 'nothing';
  const unit = unitOf(pair.name);
  return `${formatAmount(value)}${unit ? ` ${unit}` : ''}${pair.measure === 'per second' ? (unit ? ' per second' : '/s') : pair.measure === 'average' ? ' on average' : ''}`;
}

/** Three digits are what a difference can be read from. */
export function formatAmount(value: number): string {
  return Math.abs(value) >= 100 ? formatNumber(Math.round(value)) : value.toLocaleString('en', { maximumSignificantDigits: 3 });
}

function ofStacks(map: string, functions: readonly FunctionPair[]): Finding[] {
  const [most] = functions;
  if (!most || Math.abs(most.now - most.before) < NOTICED) return [];
  return [{ weight: Math.abs(most.now - most.before) * 2, text: `${visibleLine(most.name)} takes ${formatShare(most.now, 1)} of ${map}, before ${formatShare(most.before, 1)}` }];
}
