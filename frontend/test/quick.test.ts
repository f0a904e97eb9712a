import { describe, expect, test } from 'vitest';
import { alwaysHasExit, exitCandidates, quickScripts, shortName, withProbe } from '../src/lib/quick';
import { allProbes, parseRoute, pathOf } from '../src/routes';

describe('scripts about one probe', () => {
  test.each([
    ['kprobe:vfs_read', ['kretprobe:vfs_read']],
    ['fentry:vmlinux:vfs_read', ['fexit:vmlinux:vfs_read']],
    ['uprobe:/bin/bash:readline', ['uretprobe:/bin/bash:readline']],
    ['tracepoint:syscalls:sys_enter_openat', ['tracepoint:syscalls:sys_exit_openat']],
    ['tracepoint:irq:softirq_entry', ['tracepoint:irq:softirq_exit', 'tracepoint:irq:softirq_return']],
    ['usdt:/usr/bin/mysqld:mysql:query__start', ['usdt:/usr/bin/mysqld:mysql:query__done']],
    ['tracepoint:sched:sched_switch', []],
    ['kretprobe:vfs_read', []],
    ['software:faults:', []],
  ])('what ends %s', (probe, exits) => {
    const found = exitCandidates(probe);
    for (const exit of exits) expect(found).toContain(exit);
    if (exits.length === 0) expect(found).toEqual([]);
  });

  test('a latency histogram only where there is an exit', () => {
    expect(quickScripts('tracepoint:sched:sched_switch', null).map((script) => script.id)).toEqual(['count', 'stacks']);
    const scripts = quickScripts('kprobe:vfs_read', 'kretprobe:vfs_read');
    expect(scripts.map((script) => script.id)).toEqual(['count', 'latency', 'stacks']);
    expect(scripts[1]?.script).toContain('kretprobe:vfs_read\n/@start[tid]/');
    expect(alwaysHasExit('tracepoint:irq:softirq_entry')).toBe(false);
  });

  test('names and insertion', () => {
    expect(shortName('software:faults:')).toBe('faults');
    expect(shortName('uprobe:/bin/bash:readline')).toBe('readline');
    expect(withProbe('', 'begin')).toBe('begin\n{\n  \n}\n');
    expect(withProbe('begin { }\n\n', 'end')).toBe('begin { }\n\nend\n{\n  \n}\n');
  });

  test('a probe and a program have addresses', () => {
    const route = { ...allProbes, find: 'a b', probe: 'uprobe:/bin/ls:main', path: '/bin/ls', pid: 12 };
    const url = new URL(pathOf(route), 'http://x');
    expect(parseRoute(url.pathname, url.search)).toEqual(route);
    expect(parseRoute('/probes', '?pid=x')).toEqual(allProbes);
  });
});
