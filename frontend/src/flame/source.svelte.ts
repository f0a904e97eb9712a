// The trees that the explorer shows: the map's newest, asked for once a second while it changes, and a baseline.
import { ApiError, api } from '../api';
import type { FlameTree as WireTree } from '../protocol.gen';
import { flameTreePath } from '../routes';
import { placesOf } from './places';
import { loweredNames } from './search';
import { parseSpan, type Span } from './seconds';
import { buildTree, type FlameTree } from './tree';

const REFRESH_MS = 1000;

export interface Wanted {
  readonly run: string;
  readonly map: string;
  /** Grows with every change of the map. */
  readonly version: number;
  readonly from: number | null;
  readonly at: number | null;
}

/** What a flame graph is compared with: a moment or a stretch of the same run, or another run. */
export type Against = { readonly kind: 'moment'; readonly ms: number } | { readonly kind: 'range'; readonly span: Span } | { readonly kind: 'run'; readonly id: string };

/** `at:12000`, `range:1200-3400` or `run:ID`, as it stands in addresses. */
export function parseAgainst(text: string | undefined): Against | null {
  const moment = /^at:(\d{1,12})$/.exec(text ?? '');
  if (moment) return { kind: 'moment', ms: Number(moment[1]) };
  const span = parseSpan(text);
  if (span) return { kind: 'range', span };
  const run = /^run:([\w-]+)$/.exec(text ?? '');
  return run?.[1] ? { kind: 'run', id: run[1] } : null;
}

export class FlameSource {
  tree = $state.raw<FlameTree | null>(null);
  problem = $state<string | null>(null);
  baseline = $state.raw<{ readonly tree: FlameTree; readonly against: Against } | null>(null);
  baselineProblem = $state<string | null>(null);

  /** Follows the map until the returned function is called. `wanted` is asked anew each time. */
  follow(wanted: () => Wanted): () => void {
    let shown = '';
    let stopped = false;
    let timer: ReturnType<typeof setTimeout>;
    const refresh = async () => {
      const { run, map, version, from, at } = wanted();
      const key = `${run} ${map} ${from} ${at} ${at === null ? version : ''}`;
      const begun = performance.now();
      if (key !== shown) {
        try {
          const tree = await fetchTree(flameTreePath(run, map, { at, from }));
          if (stopped) return;
          this.tree = tree;
          shown = key;
          this.problem = null;
        } catch (error) {
          this.problem = error instanceof Error ? error.message : String(error);
        }
      }
      // A graph that takes long to make is asked for less often.
      if (!stopped) timer = setTimeout(() => void refresh(), Math.max(REFRESH_MS, 3 * (performance.now() - begun)));
    };
    timer = setTimeout(() => void refresh(), 0);
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }

  async compare(run: string, map: string, against: Against | null): Promise<void> {
    this.baselineProblem = null;
    if (against === null) {
      this.baseline = null;
      return;
    }
    try {
      const path = against.kind === 'moment' ? flameTreePath(run, map, { at: against.ms }) : against.kind === 'range' ? flameTreePath(run, map, { from: against.span.fromMs, at: against.span.toMs }) : flameTreePath(against.id, map);
      this.baseline = { tree: await fetchTree(path), against };
    } catch (error) {
      this.baseline = null;
      this.baselineProblem = error instanceof ApiError && error.status === 404 ? `That run has no flame graph of ${map}` : error instanceof Error ? error.message : String(error);
    }
  }
}

async function fetchTree(path: string): Promise<FlameTree> {
  const tree = buildTree(await api.json<WireTree>(path));
  // The first key of a search is to find this done.
  loweredNames(tree);
  placesOf(tree);
  return tree;
}
