// Keys that work everywhere. Views add their own (the flame graph's arrows); `?` lists all of them.
import { app } from '../app.svelte';
import { allProbes } from '../routes';
import { workspace } from '../workspace.svelte';

export interface KeyHelp {
  readonly keys: readonly string[];
  readonly does: string;
  readonly where: string;
}

export const keyHelp: readonly KeyHelp[] = [
  { where: 'Everywhere', keys: ['?'], does: 'This list' },
  { where: 'Everywhere', keys: ['Ctrl', 'K'], does: 'Find a screen, a tool, a run, a command' },
  { where: 'Everywhere', keys: ['h'], does: 'Start page' },
  { where: 'Everywhere', keys: ['c'], does: 'CPU flame graph of this machine' },
  { where: 'Everywhere', keys: ['w'], does: 'Write a script' },
  { where: 'Everywhere', keys: ['p'], does: 'Probes: what there is to trace' },
  { where: 'Run', keys: ['e'], does: 'Show or hide the script' },
  { where: 'Run', keys: ['r'], does: 'Run again' },
  { where: 'Run', keys: ['.'], does: 'Stop' },
  { where: 'Run', keys: ['l'], does: 'Copy a read-only link' },
  { where: 'Run', keys: ['m'], does: 'Notes: read them, write one to what is shown' },
  { where: 'Run', keys: ['v'], does: 'Compare with another run' },
  { where: 'Run', keys: ['x'], does: 'Export: files, and the command line' },
  { where: 'Run', keys: ['1', '…', '9'], does: 'Choose a panel' },
  { where: 'Time strip', keys: ['←', '→'], does: 'A second back or on; Page keys: ten' },
  { where: 'Time strip', keys: ['End'], does: 'Back to live' },
  { where: 'Script', keys: ['Ctrl', 'Enter'], does: 'Run; once more: restart with the edit' },
  { where: 'Script', keys: ['Ctrl', 'Space'], does: 'Complete: probes, fields, functions, maps, variables' },
  { where: 'Script', keys: ['Ctrl', '.'], does: 'Do what the error suggests' },
  { where: 'Script', keys: ['Shift', 'Alt', 'F'], does: 'Format' },
  { where: 'Script', keys: ['Esc', 'Tab'], does: 'Leave the editor with the keyboard' },
  { where: 'Flame graph', keys: ['/'], does: 'Search' },
  { where: 'Flame graph', keys: ['↑', '↓', '←', '→'], does: 'Go to caller, callee, neighbours' },
  { where: 'Flame graph', keys: ['Enter'], does: 'Zoom into the frame' },
  { where: 'Flame graph', keys: ['Backspace'], does: 'Zoom out one step' },
  { where: 'Flame graph', keys: ['Esc'], does: 'Clear the search, then the zoom' },
  { where: 'Flame graph', keys: ['n', 'N'], does: 'Next or previous match' },
  { where: 'Flame graph', keys: ['s'], does: 'Sandwich: callers and callees of the function' },
  { where: 'Flame graph', keys: ['i'], does: 'Invert: innermost functions at the root' },
  { where: 'Flame graph', keys: ['d'], does: 'Compare with a baseline' },
  { where: 'Flame graph', keys: ['t'], does: 'Flame graph, functions, stacks' },
];

/** Panels listen for these, since only they know what they show. */
export type PanelCommand = { readonly kind: 'panel'; readonly number: number } | { readonly kind: 'share' } | { readonly kind: 'export' } | { readonly kind: 'notes' } | { readonly kind: 'watchers' } | { readonly kind: 'chart' } | { readonly kind: 'search' } | { readonly kind: 'escape' } | { readonly kind: 'letter'; readonly letter: string };

const listeners = new Set<(command: PanelCommand) => boolean>();

/** Registers a listener; the newest is asked first and answers whether it did something. Returns its removal. */
export function onCommand(listener: (command: PanelCommand) => boolean): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Hands a command to the panels; whether one of them did something. */
export function ask(command: PanelCommand): boolean {
  return [...listeners].reverse().some((listener) => listener(command));
}

export function handleKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || app.session.state !== 'signed-in' || app.keysShown) return;
  if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    app.paletteShown = !app.paletteShown;
    return;
  }
  if (app.paletteShown) return;
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    if (app.route.screen === 'run' || app.route.screen === 'write') {
      event.preventDefault();
      void workspace.start();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
  if (run(event.key)) event.preventDefault();
}

function run(key: string): boolean {
  const onRun = app.route.screen === 'run';
  if (/^[1-9]$/.test(key)) return ask({ kind: 'panel', number: Number(key) });
  switch (key) {
    case '?':
      app.keysShown = true;
      return true;
    case 'h':
      app.go({ screen: 'home' });
      return true;
    case 'w':
      if (app.operator) app.go({ screen: 'write', example: null });
      return app.operator;
    case 'p':
      if (app.operator) app.go(allProbes);
      return app.operator;
    case 'c':
      return startCpuFlameGraph();
    case 'e':
      if (onRun) workspace.drawerOpen = !workspace.drawerOpen;
      return onRun;
    case 'r':
      if (onRun && app.operator) void workspace.start();
      return onRun;
    case 'v':
      if (app.route.screen !== 'run' || !app.member) return false;
      app.go({ screen: 'compare', run: app.route.id, before: null });
      return true;
    case '.':
      if (onRun) void workspace.stop();
      return onRun;
    case 's':
    case 'i':
    case 'd':
    case 'n':
    case 'N':
      return ask({ kind: 'letter', letter: key });
    case 'l':
      return ask({ kind: 'share' });
    case 'm':
      return ask({ kind: 'notes' });
    case 'x':
      return ask({ kind: 'export' });
    case 't':
      return ask({ kind: 'chart' });
    case '/':
      return ask({ kind: 'search' });
    case 'Escape':
      return ask({ kind: 'escape' });
    default:
      return false;
  }
}

function startCpuFlameGraph(): boolean {
  if (!app.operator) return false;
  void app.loadExamples().then(() => {
    const example = app.examples?.find((candidate) => candidate.id === 'profile') ?? app.examples?.[0];
    if (example) void workspace.startExample(example.script, example.title);
  });
  return true;
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}
