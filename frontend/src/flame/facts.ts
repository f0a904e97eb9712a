// What the map's own entries say about frames by name: their kind and module, which inferno's drawing does not carry.
import type { FrameKind as WireKind, MapView } from '../protocol.gen';
import type { FlameModel, FrameKind } from './model';

export interface FrameFacts {
  readonly kind: WireKind;
  readonly module: string | null;
}

export function frameFacts(view: MapView): ReadonlyMap<string, FrameFacts> {
  const facts = new Map<string, FrameFacts>();
  for (const entry of view.entries) {
    for (const part of entry.key) {
      if (part.t !== 'stack') continue;
      for (const frame of part.v) if (!facts.has(frame.name)) facts.set(frame.name, { kind: frame.kind, module: frame.module });
    }
  }
  return facts;
}

const LEGEND: readonly FrameKind[] = ['kernel', 'user', 'jit', 'inlined', 'unresolved'];

/** The kinds a drawing contains, in a fixed order. */
export function kindsOf(model: FlameModel): FrameKind[] {
  const present = new Set(model.frames.map((frame) => frame.kind));
  return LEGEND.filter((kind) => present.has(kind));
}
