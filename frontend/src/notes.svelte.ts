// Notes of the open run: what people wrote to its moments, frames and buckets.
import { api } from './api';
import type { NoteInfo, NotePlace } from './protocol.gen';

/** A frame that is zoomed into: what a note is about by default. */
export type FramePlace = Extract<NotePlace, { kind: 'frame' }>;

class Notes {
  list = $state.raw<readonly NoteInfo[]>([]);
  /** The frame that the explorer is zoomed into. */
  frame = $state.raw<FramePlace | null>(null);
  #run: string | null = null;

  async load(run: string | null): Promise<void> {
    if (this.#run !== run) {
      this.#run = run;
      this.list = [];
      this.frame = null;
    }
    if (run === null) return;
    // The next change asks again; until then what was known stays.
    const list = await api.notes(run).catch(() => null);
    if (list && this.#run === run) this.list = list;
  }

  readonly moments = $derived(this.list.flatMap((note) => (note.place.kind === 'moment' ? [{ ...note, atMs: note.place.at_ms }] : [])));

  /** Those of frames of a map, by the frame's place in addresses. */
  frames(map: string): ReadonlyMap<string, readonly NoteInfo[]> {
    const found = new Map<string, NoteInfo[]>();
    for (const note of this.list) {
      if (note.place.kind === 'frame' && note.place.map === map) found.set(note.place.zoom, [...(found.get(note.place.zoom) ?? []), note]);
    }
    return found;
  }

  bucket(map: string, key: string, bucket: string): readonly NoteInfo[] {
    return this.list.filter(({ place }) => place.kind === 'bucket' && place.map === map && place.key === key && place.bucket === bucket);
  }
}

export const notes = new Notes();
