// Work on large graphs in pieces, so that the page answers in between.

/** Work that gives way now and then. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Nodes between two places where work gives way: well under a millisecond. */
export const EVERY = 2048;
/** How long a slice may take: half of a frame, so that drawing finds room beside it. */
const SLICE_MS = 8;

/** All of it at once. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** A slice now, the rest between frames. Work that fits into the first slice is done when this returns. */
export function inSlices<T>(steps: Steps<T>, done: (value: T) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const slice = () => {
    const until = performance.now() + SLICE_MS;
    do {
      const step = steps.next();
      if (step.done) {
        done(step.value);
        return;
      }
    } while (performance.now() < until);
    timer = setTimeout(slice, 0);
  };
  slice();
  return () => clearTimeout(timer);
}
