// Which bucket of a histogram holds a quantile. A bucket is all a histogram knows, so a bucket is the answer.
import { toNumber } from '../lib/format';
import type { Bucket } from '../protocol.gen';

export function histogramTotal(buckets: readonly Bucket[]): number {
  return buckets.reduce((sum, bucket) => sum + toNumber(bucket.count), 0);
}

/** The bucket in which the `quantile` (0 to 1) of all values lies, null when there are none. */
export function quantileBucket(buckets: readonly Bucket[], quantile: number): Bucket | null {
  const total = histogramTotal(buckets);
  if (total === 0) return null;
  const rank = Math.max(1, Math.ceil(quantile * total));
  let seen = 0;
  for (const bucket of buckets) {
    seen += toNumber(bucket.count);
    if (seen >= rank) return bucket;
  }
  return buckets.at(-1) ?? null;
}
