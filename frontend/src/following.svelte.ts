// Following: this page goes where a colleague's page of the same run goes, until one of the two goes elsewhere.
import { untrack } from 'svelte';
import { app } from './app.svelte';
import { visibleLine } from './lib/visible';
import { parseRoute, pathOf, type RunRoute } from './routes';
import { workspace } from './workspace.svelte';

/** A page tells where it looks at most this often: zooming and replaying change the address in quick succession. */
const TELL_EVERY_MS = 400;

class Following {
  /** Whom this page follows. */
  name = $state<string | null>(null);
  /** Where it was taken last, as a path with its query. */
  #taken: string | null = null;

  begin(name: string): void {
    this.#taken = null;
    this.name = name;
    app.say(`Following ${visibleLine(name)}`);
  }

  end(why: string): void {
    if (this.name === null) return;
    this.name = null;
    app.say(why);
  }

  /** Goes where the other page is, once. */
  take(route: RunRoute): void {
    const path = pathOf(route);
    if (path === this.#taken) return;
    this.#taken = path;
    if (path !== pathOf(app.route)) app.go(route, 'replace');
  }

  /** Whether somebody moved this page since it was taken to where it is. */
  hasLeft(path: string): boolean {
    return this.#taken !== null && path !== this.#taken;
  }
}

export const following = new Following();

/** Tells the server where this page looks, and follows whoever is followed. For a component that is there while a run is. */
export function keepTogether(): void {
  let told = 0;
  $effect(() => {
    const { route } = app;
    if (app.guest || route.screen !== 'run' || route.id !== workspace.runId || workspace.connection?.state !== 'open') return;
    const address = pathOf(route).split('?')[1] ?? '';
    const timer = setTimeout(() => {
      told = Date.now();
      workspace.tell({ type: 'looking', address });
    }, Math.max(0, told + TELL_EVERY_MS - Date.now()));
    return () => clearTimeout(timer);
  });

  $effect(() => {
    const path = pathOf(app.route);
    const { name } = following;
    if (name !== null && following.hasLeft(path)) following.end(`No longer following ${visibleLine(name)}: this page went its own way`);
  });

  $effect(() => {
    const { name } = following;
    const run = workspace.run.run;
    if (name === null || run === null) return;
    const other = run.watching.find((one) => !one.guest && one.name === name);
    untrack(() => {
      const there = parseRoute(`/r/${run.id}`, other?.at ?? '');
      if (other === undefined) following.end(`${visibleLine(name)} has left this run`);
      else if (other.at !== null && there.screen === 'run') following.take(there);
    });
  });

  $effect(() => () => {
    if (following.name !== null) following.end(`No longer following ${visibleLine(following.name)}`);
  });
}
