// How numbers, durations and shares are written everywhere in the page.

/** A number as the server sends it: a JSON number when a double holds it exactly, else decimal digits. */
export type Num = number | string;

/** For drawing and ordering; a value beyond 2^53 loses digits here, never in `formatNumber`. */
export function toNumber(value: Num): number {
  return typeof value === 'number' ? value : Number(value);
}

/** Every digit, grouped by thousands: 1,234,567. */
export function formatNumber(value: Num): string {
  if (typeof value === 'string') return groupDigits(value);
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value)) return groupDigits(value.toFixed(0));
  const [whole = '0', fraction] = value.toFixed(Math.abs(value) >= 100 ? 1 : 2).split('.');
  return `${groupDigits(whole)}.${fraction}`;
}

function groupDigits(digits: string): string {
  const match = /^(-?)(\d+)$/.exec(digits);
  if (!match) return digits;
  return (match[1] ?? '') + (match[2] ?? '').replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A difference with its sign; what stays the same is a 0 without one. */
export function formatChange(change: number): string {
  if (change === 0) return '0';
  return `${change > 0 ? '+' : '−'}${formatNumber(Math.abs(change))}`;
}

/** A rate with three meaningful digits at most: 0.4/s, 12.5/s, 1,234/s. */
export function formatRate(perSecond: number): string {
  const size = Math.abs(perSecond);
  if (size === 0) return '0/s';
  if (size < 10) return `${perSecond.toFixed(1)}/s`;
  return `${formatNumber(Math.round(perSecond))}/s`;
}

/** A share of a whole: 12.3 %. Shares below 0.1 % that are not zero say so. */
export function formatShare(part: number, whole: number): string {
  if (!(whole > 0)) return '–';
  const percent = (part / whole) * 100;
  if (percent > 0 && percent < 0.1) return '< 0.1 %';
  return `${percent.toFixed(1)} %`;
}

/** A clock for run times: 00:42, 1:02:03. */
export function formatClock(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** A moment of a run: a clock, with tenths where it is not on the second: 00:42, 00:42.3. */
export function formatMoment(milliseconds: number): string {
  const tenths = Math.round(Math.max(0, milliseconds) / 100);
  return `${formatClock(tenths * 100)}${tenths % 10 === 0 ? '' : `.${tenths % 10}`}`;
}

/** Time since the start of the run, to the millisecond: 12.345 s. */
export function formatOffset(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} s`;
}

/** A short span in words for sentences: 4 s, 3 min, 2 h. */
export function formatSpan(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

/** One of two words: plural(1, 'probe', 'probes') is "1 probe". */
export function plural(count: number, one: string, many: string): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

/** Local wall time with seconds, for lists: 2026-11-22 14:03:05. */
export function formatWallTime(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The time of day of a moment, as fine as what stands beside it: steps of less than a second have fractions of it. */
export function formatTimeOfDay(iso: string, stepMs: number): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const digits = stepMs >= 1000 ? 0 : stepMs >= 100 ? 1 : stepMs >= 10 ? 2 : 3;
  const fraction = digits === 0 ? '' : `.${String(date.getMilliseconds()).padStart(3, '0').slice(0, digits)}`;
  return `${formatWallTime(iso).slice(11)}${fraction}`;
}
