// What was lost, and what else the kernel counted, by cause. Totals, not differences: a repeated message changes nothing.
import type { Loss } from '../protocol.gen';

export function mergeLoss(known: readonly Loss[], reported: readonly Loss[]): readonly Loss[] {
  if (reported.length === 0) return known;
  const byId = new Map(known.map((loss) => [loss.id, loss]));
  for (const loss of reported) byId.set(loss.id, loss);
  return [...byId.values()];
}

/** Data that is missing. Warnings about the script, such as a division by zero, are not losses. */
export function lossTotal(losses: readonly Loss[]): number {
  return losses.reduce((sum, loss) => (loss.is_loss ? sum + loss.total : sum), 0);
}
