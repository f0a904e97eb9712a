// Addresses of the page's screens. Panel, chart, zoom, search and every switch of a view are part of a run's address, so
// that a link shows the same picture and Back undoes a zoom.

/** Switches of views, by their names in addresses. What is not here stands as its default. */
export const VIEW_KEYS = ['from', 'to', 'flip', 'invert', 'idle', 'by', 'frame', 'vs', 'times', 'order', 'sort', 'top', 'filter', 'group', 'only', 'split', 'tables', 'learn'] as const;
export type ViewKey = (typeof VIEW_KEYS)[number];
export type ViewOptions = Readonly<Partial<Record<ViewKey, string>>>;

export type Route =
  | { readonly screen: 'home' | 'tools' | 'runs' | 'box' | 'settings' | 'audit' }
  | { readonly screen: 'write'; readonly example: string | null }
  | ProbesRoute
  | CompareRoute
  /** A step of the course; null: the first that has not been done. */
  | { readonly screen: 'learn'; readonly step: string | null }
  | {
      readonly screen: 'run';
      readonly id: string;
      readonly panel: string | null;
      readonly chart: string | null;
      readonly focus: string | null;
      readonly find: string | null;
      readonly view: ViewOptions;
    }
  | { readonly screen: 'unknown'; readonly path: string };

/** The probes of this machine, or of a program as a process sees it. */
export interface ProbesRoute {
  readonly screen: 'probes';
  readonly find: string;
  /** The one that is looked at. */
  readonly probe: string | null;
  /** A program or library; null: the kernel. */
  readonly path: string | null;
  readonly pid: number | null;
}

/** Two runs beside each other. */
export interface CompareRoute {
  readonly screen: 'compare';
  readonly run: string;
  /** The one it is measured against; null: still to be chosen. */
  readonly before: string | null;
}

export const allProbes: ProbesRoute = { screen: 'probes', find: '', probe: null, path: null, pid: null };

export type RunRoute = Extract<Route, { screen: 'run' }>;

export function runRoute(id: string): RunRoute {
  return { screen: 'run', id, panel: null, chart: null, focus: null, find: null, view: {} };
}

/** The same place with some switches set; null takes one away. */
export function withView(route: RunRoute, changes: Readonly<Partial<Record<ViewKey, string | null>>>): RunRoute {
  const view: Partial<Record<ViewKey, string>> = { ...route.view };
  for (const key of VIEW_KEYS) {
    const value = changes[key];
    if (value === null) delete view[key];
    else if (value !== undefined) view[key] = value;
  }
  return { ...route, view };
}

const TABLE_SWITCHES = ['sort', 'top', 'filter', 'group'] as const;
export type TableSwitch = (typeof TABLE_SWITCHES)[number];
type TableOptions = Readonly<Partial<Record<TableSwitch, string>>>;

/** Switches of one of several tables: `{"@calls": {"sort": "rate"}}`, as `tables` in the address. What is not so is nothing. */
export function tableOptions(text: string | undefined, map: string): TableOptions {
  const one = tablesOf(text)[map];
  const entries = TABLE_SWITCHES.flatMap((key) => (typeof one?.[key] === 'string' ? [[key, one[key]]] : []));
  return Object.fromEntries(entries) as TableOptions;
}

/** The same with some set; null takes one away, and null is what is left of nothing. */
export function withTableOptions(text: string | undefined, map: string, changes: Readonly<Partial<Record<TableSwitch, string | null>>>): string | null {
  const set = Object.entries({ ...tableOptions(text, map), ...changes }).filter(([, value]) => value !== null && value !== undefined);
  const others = Object.entries(tablesOf(text)).filter(([name]) => name !== map);
  const all = [...others, ...(set.length > 0 ? [[map, Object.fromEntries(set)] as const] : [])];
  return all.length > 0 ? JSON.stringify(Object.fromEntries(all)) : null;
}

function tablesOf(text: string | undefined): Record<string, Record<string, unknown> | undefined> {
  try {
    const parsed: unknown = JSON.parse(text ?? '{}');
    return typeof parsed === 'object' && parsed !== null ? Object.fromEntries(Object.entries(parsed).filter(([, value]) => typeof value === 'object' && value !== null)) : {};
  } catch {
    return {};
  }
}

export function parseRoute(path: string, query: string): Route {
  const parameters = new URLSearchParams(query);
  if (path === '/' || path === '') return { screen: 'home' };
  if (path === '/tools') return { screen: 'tools' };
  if (path === '/runs') return { screen: 'runs' };
  if (path === '/box') return { screen: 'box' };
  if (path === '/settings') return { screen: 'settings' };
  if (path === '/audit') return { screen: 'audit' };
  if (path === '/compare') {
    const id = (name: string) => /^[A-Za-z0-9_-]+$/.exec(parameters.get(name) ?? '')?.[0] ?? null;
    const run = id('run');
    return run === null ? { screen: 'unknown', path } : { screen: 'compare', run, before: id('before') };
  }
  if (path === '/probes') {
    const pid = parameters.get('pid');
    return { screen: 'probes', find: parameters.get('find') ?? '', probe: parameters.get('probe'), path: parameters.get('path'), pid: pid !== null && /^\d{1,7}$/.test(pid) ? Number(pid) : null };
  }
  const learn = /^\/learn(?:\/([a-z0-9]+))?\/?$/.exec(path);
  if (learn) return { screen: 'learn', step: learn[1] ?? null };
  if (path === '/write') return { screen: 'write', example: parameters.get('example') };
  const run = /^\/r\/([A-Za-z0-9_-]+)\/?$/.exec(path);
  if (!run?.[1]) return { screen: 'unknown', path };
  const view: Partial<Record<ViewKey, string>> = {};
  for (const key of VIEW_KEYS) {
    const value = parameters.get(key);
    if (value !== null && value !== '') view[key] = value;
  }
  return { screen: 'run', id: run[1], panel: parameters.get('show'), chart: parameters.get('as'), focus: parameters.get('zoom'), find: parameters.get('find'), view };
}

export function pathOf(route: Route): string {
  switch (route.screen) {
    case 'home':
      return '/';
    case 'tools':
    case 'runs':
    case 'box':
    case 'settings':
    case 'audit':
      return `/${route.screen}`;
    case 'learn':
      return route.step ? `/learn/${route.step}` : '/learn';
    case 'compare':
      return `/compare?${new URLSearchParams({ run: route.run, ...(route.before === null ? {} : { before: route.before }) })}`;
    case 'probes': {
      const parameters = new URLSearchParams();
      for (const key of ['find', 'probe', 'path', 'pid'] as const) if (route[key]) parameters.set(key, String(route[key]));
      const query = parameters.toString();
      return `/probes${query ? `?${query}` : ''}`;
    }
    case 'write':
      return route.example ? `/write?example=${encodeURIComponent(route.example)}` : '/write';
    case 'run': {
      const parameters = new URLSearchParams();
      if (route.panel) parameters.set('show', route.panel);
      if (route.chart) parameters.set('as', route.chart);
      if (route.focus) parameters.set('zoom', route.focus);
      if (route.find) parameters.set('find', route.find);
      for (const key of VIEW_KEYS) {
        const value = route.view[key];
        if (value) parameters.set(key, value);
      }
      const query = parameters.toString();
      return `/r/${route.id}${query ? `?${query}` : ''}`;
    }
    case 'unknown':
      return route.path;
  }
}

/** Where inferno's own interactive SVG of a map lives; `viewKey` makes the address work in a tab of its own. */
export function flamePath(run: string, map: string, options: { viewKey?: string | null; kind?: 'flame' | 'icicle'; reversed?: boolean } = {}): string {
  const parameters = new URLSearchParams({ map });
  if (options.kind) parameters.set('kind', options.kind);
  if (options.reversed) parameters.set('reversed', 'true');
  if (options.viewKey) parameters.set('k', options.viewKey);
  return `/r/${run}/flame.svg?${parameters}`;
}

/** When the samples of a map came. */
export function sampleTimesPath(run: string, map: string, idle: boolean): string {
  return `/api/runs/${run}/samples?${new URLSearchParams({ map, idle: String(idle) })}`;
}

/** The tree that the explorer draws: at a moment, or of the time after one. */
export function flameTreePath(run: string, map: string, range: { at?: number | null; from?: number | null } = {}): string {
  const parameters = new URLSearchParams({ map });
  if (range.at != null) parameters.set('at', String(Math.round(range.at)));
  if (range.from != null) parameters.set('from', String(Math.round(range.from)));
  return `/r/${run}/flame.json?${parameters}`;
}
