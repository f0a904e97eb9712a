// The run that is open and the script in the drawer: starts, follows and stops.
import { ApiError, api } from './api';
import { app } from './app.svelte';
import { storedSecret, storedViewKey } from './credentials';
import { joinArguments, splitArguments } from './lib/arguments';
import type { ClientMessage, ServerMessage } from './protocol.gen';
import { runRoute, withView } from './routes';
import { RunSocket, type SocketStatus } from './socket';
import { addLive, emptyHistory, withRecorded, type HistoryState } from './state/history';
import { between } from './state/range';
import { emptyRun, lostTotal, reduceRun, type RunState } from './state/run';

const DRAFT = 'tracedeck.draft';

class Workspace {
  runId = $state<string | null>(null);
  run = $state.raw<RunState>(emptyRun);
  /** What the run did over time, for the strip and for heat maps. */
  history = $state.raw<HistoryState>(emptyHistory);
  /** The stretch of the run that is shown instead of its newest state, once it has been read. */
  past = $state.raw<RunState | null>(null);
  range = $state.raw<{ readonly from: number | null; readonly to: number } | null>(null);
  connection = $state.raw<SocketStatus | null>(null);
  /** What lets others watch; messages to all viewers do not carry it, so that operators ask for it. */
  viewKey = $state<string | null>(null);
  /** When the newest facts about the run arrived, for clocks that go on between messages. */
  heardAt = $state(0);
  /** When anything arrived: how old the picture is after a loss of the connection. */
  messageAt = $state(0);
  source = $state('');
  parameters = $state('');
  /** A title for the next run; the server makes one up when there is none. */
  title: string | null = null;
  drawerOpen = $state(false);
  /** Between pressing Run and the server's answer. */
  starting = $state(false);
  /** The number of functions that somebody is asked about before the run starts; 0 for no question. */
  manyFunctions = $state(0);
  refusal = $state<string | null>(null);
  #handed = false;
  #socket: RunSocket | null = null;
  /** The run whose source was last put into the editor. */
  #loaded: { source: string; parameters: string } | null = null;

  get edited(): boolean {
    return this.#loaded === null ? this.source.trim() !== '' : this.source !== this.#loaded.source || this.parameters !== this.#loaded.parameters;
  }

  get phase(): 'none' | 'starting' | 'running' | 'stopping' | 'ended' {
    return this.run.run?.state ?? 'none';
  }

  /** What panels show: the newest state, or a moment of the past. */
  get shown(): RunState {
    return this.range === null ? this.run : (this.#pastOfRun ?? this.run);
  }

  /** What a moment of the past is of may become known later than the moment: with a link, both are asked for at once. */
  readonly #pastOfRun = $derived(this.past && { ...this.past, run: this.run.run ?? this.past.run });

  /** Shows a moment (`to`), what came between two, or the newest state (null). */
  async showRange(from: number | null, to: number | null): Promise<void> {
    if ((this.range?.from ?? null) === from && (this.range?.to ?? null) === to) return;
    this.range = to === null ? null : { from, to };
    const wanted = this.range;
    const id = this.runId;
    if (to === null || id === null) {
      this.past = null;
      return;
    }
    try {
      const [after, before] = await Promise.all([api.at(id, to), from === null ? null : api.at(id, from)]);
      if (this.range !== wanted || this.runId !== id) return;
      const end = reduceRun(emptyRun, after);
      const state = before === null || from === null ? end : between(reduceRun(emptyRun, before), end, from);
      this.past = state;
    } catch (error) {
      if (this.range === wanted) await this.#refused(error);
    }
  }

  /** Shows a run: the one just started, or one from a link. */
  open(id: string): void {
    if (this.runId === id) return;
    this.close();
    this.runId = id;
    this.#socket = new RunSocket({
      url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`,
      run: id,
      secret: () => storedSecret() ?? '',
      after: () => this.run.sequence,
      onMessage: (message) => this.#receive(message),
      onStatus: (status) => (this.connection = status),
      mayRetry: () => this.#mayRetry(id),
    });
    void this.fetchViewKey();
    void this.#fetchHistory(id);
  }

  close(): void {
    this.#socket?.close();
    this.#socket = null;
    this.runId = null;
    this.run = emptyRun;
    this.history = emptyHistory;
    this.past = null;
    this.range = null;
    this.viewKey = null;
    this.connection = null;
    this.refusal = null;
  }

  /** A blank page for a new script, or an example to read before it runs. */
  compose(source: string, title: string | null): void {
    this.close();
    this.#loaded = null;
    this.source = source;
    this.parameters = '';
    this.title = title;
    this.drawerOpen = true;
  }

  /** Brings a script from another screen to the editor, to be read and changed before it runs. */
  handOver(source: string, title: string | null): void {
    this.compose(source, title);
    this.#handed = true;
    app.go({ screen: 'write', example: null });
  }

  /** Whether another screen has just brought a script, which a new page must not replace. */
  takeHanded(): boolean {
    const handed = this.#handed;
    this.#handed = false;
    return handed;
  }

  /**
   * Starts what is in the editor. A run that is still going is stopped first: running again means restarting.
   * `confirmed`: hundreds of functions may be attached to.
   */
  async start(confirmed = false): Promise<void> {
    if (this.starting || !app.operator) return;
    if (this.source.trim() === '') {
      this.refusal = 'The script is empty. Write a probe, for example: BEGIN { printf("hello\\n"); }';
      return;
    }
    this.starting = true;
    this.refusal = null;
    this.manyFunctions = 0;
    try {
      if (!confirmed && (await this.#asks())) return;
      const before = this.runId;
      if (before && (this.phase === 'running' || this.phase === 'starting')) await api.stop(before).catch(() => undefined);
      const title = this.edited ? null : (this.title ?? this.run.run?.title ?? null);
      const { id } = await api.start(this.source, splitArguments(this.parameters), title ?? undefined);
      this.#loaded = { source: this.source, parameters: this.parameters };
      const drawer = this.drawerOpen;
      this.open(id);
      this.drawerOpen = drawer;
      const lesson = app.route.screen === 'learn' ? app.route.step : app.route.screen === 'run' ? app.route.view.learn : null;
      app.go(lesson ? withView(runRoute(id), { learn: lesson }) : runRoute(id));
    } catch (error) {
      await this.#refused(error);
    } finally {
      this.starting = false;
    }
  }

  /** Whether somebody has to say first that so many functions are meant. */
  async #asks(): Promise<boolean> {
    // Only a pattern stands for hundreds.
    if (!this.source.includes('*')) return false;
    const parameters = splitArguments(this.parameters);
    // A script that cannot be checked is refused by the start, with the reason.
    this.manyFunctions = await api.check(this.source, parameters).then((answer) => answer.many_functions, () => 0);
    return this.manyFunctions > 0;
  }

  /** One press on a card of the start page. */
  async startExample(source: string, title: string, parameters: readonly string[] = []): Promise<void> {
    this.close();
    this.source = source;
    this.parameters = joinArguments(parameters);
    this.#loaded = { source, parameters: this.parameters };
    this.title = title;
    this.drawerOpen = app.scriptShown;
    await this.start();
  }

  async stop(): Promise<void> {
    if (!this.runId || !app.operator) return;
    if (this.#socket?.send({ type: 'stop' })) return;
    await api.stop(this.runId).catch((error: unknown) => this.#refused(error));
  }

  /** Says something about the open run; lost while the connection is. */
  tell(message: ClientMessage): void {
    this.#socket?.send(message);
  }

  /** The view key of the open run; a viewer has the one that brought it here. */
  async fetchViewKey(): Promise<string | null> {
    const id = this.runId;
    if (id === null || this.viewKey !== null) return this.viewKey;
    const key = app.operator ? await api.run(id).then((info) => info.view_key, () => null) : storedViewKey();
    if (this.runId === id) this.viewKey = key;
    return key;
  }

  retryNow(): void {
    this.#socket?.retryNow();
  }

  /** Remembers unsaved edits of this address, so that a reload does not lose them. */
  keepDraft(): void {
    if (app.operator && this.edited) sessionStorage.setItem(DRAFT, JSON.stringify([location.pathname, this.source, this.parameters]));
    else sessionStorage.removeItem(DRAFT);
  }

  /** Puts the draft that this tab held for this address before a reload back into the editor; true when there was one. */
  restoreDraft(): boolean {
    try {
      const [path, source, parameters] = JSON.parse(sessionStorage.getItem(DRAFT) ?? '[]') as string[];
      if (path !== location.pathname || source === undefined || parameters === undefined) return false;
      this.source = source;
      this.parameters = parameters;
      return true;
    } catch {
      sessionStorage.removeItem(DRAFT);
      return false;
    }
  }

  #receive(message: ServerMessage): void {
    this.run = reduceRun(this.run, message);
    this.messageAt = Date.now();
    if (message.type === 'snapshot' || message.type === 'update') {
      const totals = { atMs: message.at_ms, events: message.events, lost: lostTotal(this.run) };
      this.history = addLive(this.history, totals, [...this.run.maps.values()].map((map) => map.view));
    }
    const info = message.type === 'snapshot' || message.type === 'update' ? message.run : undefined;
    if (info) {
      this.heardAt = Date.now();
      if (message.type === 'snapshot') this.#loadSource(info.source, info.parameters);
    }
    if (this.run.diagnostics.some((diagnostic) => diagnostic.severity === 'error')) this.drawerOpen = true;
  }

  /** Puts the run's script into the editor unless the person has changed what is there. */
  #loadSource(source: string, parameters: readonly string[]): void {
    const line = joinArguments(parameters);
    const untouched = this.#loaded === null ? this.source === '' : !this.edited;
    if (untouched) {
      this.source = source;
      this.parameters = line;
    }
    this.#loaded = { source, parameters: untouched ? line : (this.#loaded?.parameters ?? line) };
  }

  async #fetchHistory(id: string): Promise<void> {
    // A run that has just begun has no recording yet; what is missing then is less than a second.
    const recorded = await api.history(id).catch(() => null);
    if (recorded && this.runId === id) this.history = withRecorded(this.history, recorded);
  }

  async #mayRetry(id: string): Promise<boolean> {
    try {
      await api.run(id);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) return true;
      if (error.signedOut) return app.signedOut();
      if (error.status === 404) this.run = { ...this.run, problem: 'This run is not known here. It may have been removed.' };
      return error.status !== 404 && error.status !== 403;
    }
  }

  async #refused(error: unknown): Promise<void> {
    if (error instanceof ApiError) {
      if (error.signedOut) await app.signedOut();
      this.refusal = error.message;
    } else {
      this.refusal = String(error);
    }
  }
}

export const workspace = new Workspace();
