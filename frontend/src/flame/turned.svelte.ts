// A graph that takes a while to work out: in slices, the last one staying until the next is there.
import { inSlices, type Steps } from './steps';

export class Turned<T> {
  value = $state.raw<T | null>(null);
  busy = $state(false);
  #what = '';
  #cancel: (() => void) | null = null;
  #next: (() => Steps<T>) | null = null;

  /** Shows what `steps` lead to; `what` says of which kind it is. A newer one of the same kind waits for its turn, or a
      live graph would never be finished. */
  show(what: string, steps: (() => Steps<T>) | null): void {
    if (steps !== null && this.busy && what === this.#what) {
      this.#next = steps;
      return;
    }
    this.#cancel?.();
    this.#next = null;
    this.busy = false;
    if (what !== this.#what || steps === null) this.value = null;
    this.#what = what;
    if (steps !== null) this.#begin(steps);
  }

  #begin(steps: () => Steps<T>): void {
    this.busy = true;
    this.#cancel = inSlices(steps(), (value) => {
      this.value = value;
      this.busy = false;
      const next = this.#next;
      this.#next = null;
      if (next) this.#begin(next);
    });
  }
}
