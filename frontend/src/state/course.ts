// Where somebody is in the course.
import type { CourseStep } from '../protocol.gen';

/** What storage holds, however it came to be there. */
export function readDone(stored: string | null): ReadonlySet<string> {
  try {
    const list: unknown = JSON.parse(stored ?? '[]');
    return new Set(Array.isArray(list) ? list.filter((one): one is string => typeof one === 'string') : []);
  } catch {
    return new Set();
  }
}

/** The first that has not been done and can run here; else the first of all. */
export function nextStep(steps: readonly CourseStep[], done: ReadonlySet<string>): CourseStep | null {
  return steps.find((step) => !done.has(step.id) && step.problem === null) ?? steps[0] ?? null;
}

/** The step before or after one, if there is one. */
export function neighbour(steps: readonly CourseStep[], id: string, by: 1 | -1): CourseStep | null {
  const at = steps.findIndex((step) => step.id === id);
  return at < 0 ? null : (steps[at + by] ?? null);
}
