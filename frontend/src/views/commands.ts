// What the command palette offers: screens, what can be done with the run, tools to start, runs to open.
import { app, type Theme } from '../app.svelte';
import { visibleLine } from '../lib/visible';
import type { ExampleInfo, RunInfo } from '../protocol.gen';
import { allProbes, runRoute } from '../routes';
import { panelsOf } from '../state/panels';
import { workspace } from '../workspace.svelte';
import { ask } from './shortcuts';

export interface Command {
  readonly id: string;
  readonly name: string;
  readonly group: 'Go to' | 'This run' | 'Start' | 'Runs' | 'Page';
  readonly key?: string;
  readonly run: () => void;
}

export function commands(runs: readonly RunInfo[]): Command[] {
  return [...screens(), ...ofThisRun(), ...tools(), ...recent(runs), ...ofThePage()];
}

function screens(): Command[] {
  const list: Command[] = [{ id: 'home', name: 'Home', group: 'Go to', key: 'h', run: () => app.go({ screen: 'home' }) }];
  if (!app.member) return list;
  const runs: Command = { id: 'runs', name: 'Runs', group: 'Go to', run: () => app.go({ screen: 'runs' }) };
  const settings: Command = { id: 'settings', name: 'Settings', group: 'Go to', run: () => app.go({ screen: 'settings' }) };
  if (!app.operator) return [...list, runs, settings];
  return [
    ...list,
    { id: 'tools', name: 'Tools', group: 'Go to', run: () => app.go({ screen: 'tools' }) },
    { id: 'probes', name: 'Probes', group: 'Go to', key: 'p', run: () => app.go(allProbes) },
    { id: 'learn', name: 'Learn: tracing in five minutes', group: 'Go to', run: () => app.go({ screen: 'learn', step: null }) },
    runs,
    { id: 'box', name: 'On this box', group: 'Go to', run: () => app.go({ screen: 'box' }) },
    settings,
    { id: 'write', name: 'Write a script', group: 'Go to', key: 'w', run: () => app.go({ screen: 'write', example: null }) },
  ];
}

function ofThisRun(): Command[] {
  const { route } = app;
  if (route.screen !== 'run') return [];
  const live = workspace.phase === 'running' || workspace.phase === 'starting';
  const list: Command[] = [
    { id: 'script', name: workspace.drawerOpen ? 'Hide the script' : 'Show the script', group: 'This run', key: 'e', run: () => (workspace.drawerOpen = !workspace.drawerOpen) },
    { id: 'share', name: 'Copy a read-only link', group: 'This run', key: 'l', run: () => void ask({ kind: 'share' }) },
    { id: 'watchers', name: 'Who watches, and follow them', group: 'This run', run: () => void ask({ kind: 'watchers' }) },
    { id: 'notes', name: 'Notes', group: 'This run', key: 'm', run: () => void ask({ kind: 'notes' }) },
    ...(app.member ? [{ id: 'compare', name: 'Compare with another run', group: 'This run' as const, key: 'v', run: () => app.go({ screen: 'compare', run: route.id, before: null }) }] : []),
    { id: 'export', name: 'Export', group: 'This run', key: 'x', run: () => void ask({ kind: 'export' }) },
    ...panelsOf(workspace.shown).map((panel): Command => ({ id: `panel ${panel.id}`, name: `Show ${panel.label}`, group: 'This run', run: () => app.go({ ...runRoute(route.id), panel: panel.id }) })),
  ];
  if (!app.operator) return list;
  if (live) list.unshift({ id: 'stop', name: 'Stop', group: 'This run', key: '.', run: () => void workspace.stop() });
  list.unshift({ id: 'again', name: live ? 'Restart' : 'Run again', group: 'This run', key: 'r', run: () => void workspace.start() });
  return list;
}

function tools(): Command[] {
  if (!app.operator) return [];
  // What needs a parameter is opened where it is given.
  const start = (tool: ExampleInfo) => (tool.parameters.some((field) => field.example !== null) ? app.go({ screen: 'write', example: tool.id }) : void workspace.startExample(tool.script, tool.title));
  return (app.examples ?? []).filter((tool) => !tool.problem).map((tool) => ({ id: `tool ${tool.id}`, name: `${tool.title} (${tool.id})`, group: 'Start', run: () => start(tool) }));
}

function recent(runs: readonly RunInfo[]): Command[] {
  return runs.slice(0, 20).map((run) => ({ id: `run ${run.id}`, name: `${visibleLine(run.title)}, ${run.state}`, group: 'Runs', run: () => app.go(runRoute(run.id)) }));
}

function ofThePage(): Command[] {
  const names: Record<Theme, string> = { system: 'Theme of the system', light: 'Light theme', dark: 'Dark theme' };
  return [
    { id: 'keys', name: 'Keys', group: 'Page', key: '?', run: () => (app.keysShown = true) },
    ...(Object.keys(names) as Theme[]).filter((theme) => theme !== app.theme).map((theme): Command => ({ id: `theme ${theme}`, name: names[theme], group: 'Page', run: () => app.setTheme(theme) })),
  ];
}
