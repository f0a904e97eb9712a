// Scripts about one probe that a press makes: how often, how long, from where.

export interface QuickScript {
  readonly id: 'count' | 'latency' | 'stacks';
  readonly name: string;
  readonly title: string;
  readonly script: string;
}

/** Ends of names that belong together on one thread: entered there, left there. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['_enter', '_exit'],
  ['_entry', '_exit'],
  ['_entry', '_return'],
  ['_begin', '_end'],
  ['_start', '_end'],
  ['_start', '_done'],
  ['-start', '-done'],
  ['__entry', '__return'],
  ['__start', '__done'],
];

/** What may be the exit of a probe, the likeliest first; it has to be looked up whether it exists. */
export function exitCandidates(probe: string): string[] {
  const [provider = '', ...rest] = probe.split(':');
  const target = rest.join(':');
  if (provider === 'kprobe') return [`kretprobe:${target}`];
  if (provider === 'uprobe') return [`uretprobe:${target}`];
  if (provider === 'fentry') return [`fexit:${target}`];
  if (provider !== 'tracepoint' && provider !== 'usdt') return [];
  const enter = /^(.*:)sys_enter_(\w+)$/.exec(probe);
  if (enter) return [`${enter[1]}sys_exit_${enter[2]}`];
  return PAIRS.filter(([from]) => probe.endsWith(from)).map(([from, to]) => `${probe.slice(0, -from.length)}${to}`);
}

/** Whether the exit is there whenever the entry is: a return probe of the same function. */
export function alwaysHasExit(probe: string): boolean {
  return /^(?:kprobe|uprobe|fentry):/.test(probe) || /^tracepoint:syscalls:sys_enter_\w+$/.test(probe);
}

/** The part of a probe that a person calls it by. */
export function shortName(probe: string): string {
  return probe.replace(/:$/, '').split(':').at(-1) ?? probe;
}

export function quickScripts(probe: string, exit: string | null): QuickScript[] {
  const name = shortName(probe);
  const scripts: QuickScript[] = [
    { id: 'count', name: 'Count by comm', title: `${name} by process`, script: `// How often ${name} fires, by process name.\n${probe}\n{\n  @[comm] = count();\n}\n` },
  ];
  if (exit !== null) {
    const script = `// How long ${name} takes, in microseconds.\n${probe}\n{\n  @start[tid] = nsecs;\n}\n\n${exit}\n/@start[tid]/\n{\n  @usecs = hist((nsecs - @start[tid]) / 1000);\n  delete(@start, tid);\n}\n\nend\n{\n  clear(@start);\n}\n`;
    scripts.push({ id: 'latency', name: 'Latency histogram', title: `${name} latency`, script });
  }
  scripts.push({ id: 'stacks', name: 'Stacks', title: `${name} stacks`, script: `// Where ${name} is reached from.\n${probe}\n{\n  @[kstack, ustack, comm] = count();\n}\n` });
  return scripts;
}

/** A probe added to a script, with an empty body. */
export function withProbe(source: string, probe: string): string {
  const body = `${probe}\n{\n  \n}\n`;
  return source.trim() === '' ? body : `${source.trimEnd()}\n\n${body}`;
}
