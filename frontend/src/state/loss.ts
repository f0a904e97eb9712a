// What was lost, by cause. Totals, not differences: a repeated message changes nothing.
import { toNumber } from '../lib/format';
import type { Loss } from '../protocol';

export function mergeLoss(known: readonly Loss[], reported: readonly Loss[]): readonly Loss[] {
  if (reported.length === 0) return known;
  const byCause = new Map(known.map((loss) => [loss.cause, loss]));
  for (const loss of reported) byCause.set(loss.cause, loss);
  return [...byCause.values()];
}

export function lossTotal(losses: readonly Loss[]): number {
  return losses.reduce((sum, loss) => sum + toNumber(loss.total), 0);
}
