// The course: its steps, and which of them this browser has run.
import { api } from './api';
import type { CourseStep } from './protocol.gen';
import { nextStep, readDone } from './state/course';

const DONE = 'tracedeck.course';

class CourseState {
  steps = $state.raw<readonly CourseStep[] | null>(null);
  problem = $state<string | null>(null);
  done = $state.raw<ReadonlySet<string>>(readDone(localStorage.getItem(DONE)));

  async load(): Promise<void> {
    if (this.steps !== null) return;
    this.problem = null;
    try {
      this.steps = await api.course();
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  /** The step of that name, or the first that has not been done. */
  find(id: string | null): CourseStep | null {
    return this.steps === null ? null : (this.steps.find((step) => step.id === id) ?? nextStep(this.steps, this.done));
  }

  finish(id: string): void {
    this.done = new Set([...this.done, id]);
    localStorage.setItem(DONE, JSON.stringify([...this.done]));
  }
}

export const course = new CourseState();
