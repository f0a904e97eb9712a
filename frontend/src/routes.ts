// Addresses of the page's screens. Panel, chart, zoom and search are part of a run's address, so that a link shows the
// same picture and Back undoes a zoom.

export type Route =
  | { readonly screen: 'home' }
  | { readonly screen: 'write'; readonly example: string | null }
  | { readonly screen: 'run'; readonly id: string; readonly panel: string | null; readonly chart: string | null; readonly focus: string | null; readonly find: string | null }
  | { readonly screen: 'unknown'; readonly path: string };

export type RunRoute = Extract<Route, { screen: 'run' }>;

export function runRoute(id: string): RunRoute {
  return { screen: 'run', id, panel: null, chart: null, focus: null, find: null };
}

export function parseRoute(path: string, query: string): Route {
  const parameters = new URLSearchParams(query);
  if (path === '/' || path === '') return { screen: 'home' };
  if (path === '/write') return { screen: 'write', example: parameters.get('example') };
  const run = /^\/r\/([A-Za-z0-9_-]+)\/?$/.exec(path);
  if (run?.[1]) return { screen: 'run', id: run[1], panel: parameters.get('show'), chart: parameters.get('as'), focus: parameters.get('zoom'), find: parameters.get('find') };
  return { screen: 'unknown', path };
}

export function pathOf(route: Route): string {
  switch (route.screen) {
    case 'home':
      return '/';
    case 'write':
      return route.example ? `/write?example=${encodeURIComponent(route.example)}` : '/write';
    case 'run': {
      const parameters = new URLSearchParams();
      if (route.panel) parameters.set('show', route.panel);
      if (route.chart) parameters.set('as', route.chart);
      if (route.focus) parameters.set('zoom', route.focus);
      if (route.find) parameters.set('find', route.find);
      const query = parameters.toString();
      return `/r/${route.id}${query ? `?${query}` : ''}`;
    }
    case 'unknown':
      return route.path;
  }
}

/** Where inferno's own interactive SVG of a map lives; `viewKey` makes the address work in a tab of its own. */
export function flamePath(run: string, map: string, options: { viewKey?: string | null; width?: number; kind?: 'flame' | 'icicle' } = {}): string {
  const parameters = new URLSearchParams({ map });
  if (options.width) parameters.set('width', String(Math.round(options.width)));
  if (options.kind) parameters.set('kind', options.kind);
  if (options.viewKey) parameters.set('k', options.viewKey);
  return `/r/${run}/flame.svg?${parameters}`;
}

/** The link that Share copies: read-only, opens exactly what is shown. */
export function shareLink(origin: string, route: RunRoute, viewKey: string): string {
  return `${origin}${pathOf(route)}#v=${encodeURIComponent(viewKey)}`;
}
