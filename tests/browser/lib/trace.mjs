// What Chromium's own tracing tells of a page: its frames, and how long its one thread was busy.

const CATEGORIES = ['-*', 'toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline', 'disabled-by-default-devtools.timeline.frame', 'blink.user_timing'];

/** Records while `work` is under way. Times are in milliseconds of the trace's clock. */
export async function trace(browser, page, work) {
  await browser.startTracing(page, { categories: CATEGORIES });
  await work();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  return new Trace(traceEvents);
}

class Trace {
  constructor(events) {
    // The page that is measured is the one that is animated or clicked: its thread has most of the work.
    const busy = new Map();
    for (const event of events) if (event.name === 'FireAnimationFrame' || event.name === 'EventDispatch') busy.set(key(event), (busy.get(key(event)) ?? 0) + 1);
    this.thread = [...busy].sort((one, other) => other[1] - one[1])[0]?.[0];
    this.events = events.filter((event) => key(event) === this.thread).map((event) => ({ name: event.name, at: event.ts / 1000, took: (event.dur ?? 0) / 1000, type: event.args?.data?.type })).sort((one, other) => one.at - other.at);
  }

  named(name) {
    return this.events.filter((event) => event.name === name);
  }

  /** Milliseconds from one frame of an animation to the next. */
  frames() {
    const frames = this.named('FireAnimationFrame').map((event) => event.at);
    return frames.slice(1).map((at, index) => at - frames[index]).sort((one, other) => one - other);
  }

  /** How long each of the thread's tasks took. */
  tasks() {
    return this.named('RunTask').map((event) => event.took).sort((one, other) => one - other);
  }

  /** For each event of a type, how long the thread worked from its dispatch until what it changed was handed to be drawn. */
  answers(type) {
    const tasks = this.named('RunTask');
    const commits = this.named('Commit');
    return this.events.filter((event) => event.name === 'EventDispatch' && event.type === type).map((event) => {
      const commit = commits.find((one) => one.at >= event.at + event.took);
      if (!commit) return null;
      const end = commit.at + commit.took;
      return tasks.reduce((sum, task) => sum + Math.max(0, Math.min(end, task.at + task.took) - Math.max(event.at, task.at)), 0);
    }).filter((took) => took !== null);
  }
}

const key = (event) => `${event.pid} ${event.tid}`;

/** Of sorted numbers. */
export function quantile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}
