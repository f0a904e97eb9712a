// Runs of the stand-in server: each shows one kind of result, and "hostile" shows names that attack the page.
import { hostileNames } from './hostile.mjs';

const kernel = (name) => ({ name, module: '[kernel]', kind: 'kernel' });
const user = (name, module = '/usr/bin/postgres') => ({ name, module, kind: 'user' });
const inlined = (name) => ({ name, module: '/usr/bin/postgres', kind: 'inlined' });

export const stacks = [
  [['postgres', 'main', 'PostmasterMain', 'ServerLoop', 'exec_simple_query', 'PortalRun', 'ExecutorRun', 'ExecScan'], ['heap_getnext', 'slot_deform'], [], 420],
  [['postgres', 'main', 'PostmasterMain', 'ServerLoop', 'exec_simple_query', 'PortalRun', 'ExecutorRun', 'ExecSort'], ['qsort_tuple', 'med3'], [], 210],
  [['postgres', 'main', 'PostmasterMain', 'ServerLoop', 'exec_simple_query', 'FileRead', 'pread64'], [], ['entry_SYSCALL_64_after_hwframe', 'do_syscall_64', 'ksys_pread64', 'vfs_read', 'ext4_file_read_iter', 'filemap_read', 'copy_page_to_iter'], 160],
  [['bash', 'main', 'reader_loop', 'execute_command'], [], ['do_syscall_64', '__do_sys_clone', 'kernel_clone', 'copy_process'], 90],
  [['swapper'], [], ['cpu_startup_entry', 'do_idle', 'cpuidle_enter', 'mwait_idle_with_hints'], 70],
  [['node', '0x7f32aa10', '0x7f32ab44'], [], ['do_syscall_64', '__x64_sys_epoll_wait', 'ep_poll', 'schedule_hrtimeout_range'], 55],
].map(([base, inner, inKernel, count]) => ({
  frames: [
    { name: base[0], kind: 'label' },
    ...base.slice(1).map((name) => (/^0x/.test(name) ? { name, module: null, kind: 'unresolved' } : user(name))),
    ...inner.map(inlined),
    ...inKernel.map(kernel),
  ],
  count,
}));

const text = (v) => ({ t: 'text', v });
const number = (v) => ({ t: 'number', v });

export function stackEntries(list) {
  return list
    .map(({ frames, count }) => ({ key: [{ t: 'stack', v: frames.slice(1).reverse() }, text(frames[0].name)], value: number(count) }))
    .sort((a, b) => b.value.v - a.value.v);
}

export function map(id, name, kind, entries, more = {}) {
  const keyed = entries.some((entry) => entry.key.length > 0);
  return {
    id, name, version: 1, kind, scalar: !keyed, key_parts: keyed ? entries[0].key.map((part) => (part.t === 'text' ? 'string[16]' : part.t === 'number' ? 'uint32' : 'kstack_t')) : [],
    has_stack: entries.some((entry) => entry.key.some((part) => part.t === 'stack')), total_entries: entries.length, omitted: 0,
    sum: kind === 'number' ? entries.reduce((sum, entry) => sum + Number(entry.value.v), 0) : null, entries, ...more,
  };
}

const buckets = (counts, low) => counts.map((count, index) => ({ label: `[${low << index}, ${low << (index + 1)})`, low: low << index, high: low << (index + 1), count }));
const commands = ['postgres', 'node', 'bash', 'systemd-journal', 'sshd', 'kworker/u8:2', 'containerd', 'cron', 'rsyslogd', 'python3'];

export const counts = map(0, '@calls', 'number', commands.map((name, index) => ({ key: [text(name)], value: number(Math.round(184_000 / (index + 1) ** 1.4)) })));
export const pairs = map(1, '@bytes', 'number', commands.slice(0, 5).map((name, index) => ({ key: [number(1200 + index * 37), text(name)], value: number(index === 0 ? '18446744073709551615' : 9_400_000 >> index) })), { sum: null });
export const histogram = map(0, '@usecs', 'histogram', [{ key: [], value: { t: 'histogram', buckets: buckets([3, 12, 80, 410, 960, 720, 300, 90, 22, 5, 0, 2], 1) } }]);
export const slowerHistogram = { ...histogram, entries: [{ key: [], value: { t: 'histogram', buckets: buckets([2, 9, 50, 240, 700, 690, 410, 160, 90, 70, 22, 4], 1) } }] };
export const fewerCounts = { ...counts, id: 1, entries: counts.entries.slice(1).map((entry) => ({ ...entry, value: number(Math.round(entry.value.v / 3)) })) };
export const slowerStacks = stacks.map((stack, index) => ({ ...stack, count: index === 1 ? stack.count * 3 : stack.count }));
export const keyedHistogram = map(1, '@usecs_by', 'histogram', commands.slice(0, 4).map((name, index) => ({ key: [text(name)], value: { t: 'histogram', buckets: buckets([1 + index, 22, 140 >> index, 60, 18, 4], 4) } })));
export const statistics = map(2, '@size', 'stats', commands.slice(0, 6).map((name, index) => ({ key: [text(name)], value: { t: 'stats', count: 4000 >> index, average: 512 + index * 77, total: (4000 >> index) * (512 + index * 77) } })));
export const series = map(3, '@queue', 'series', [{ key: [], value: { t: 'series', interval_ms: 1000, points: Array.from({ length: 60 }, (_, index) => ({ at: new Date(1_790_000_000_000 + index * 1000).toISOString(), value: Math.round(40 + 30 * Math.sin(index / 6) + (index % 7)) })) } }]);
export const scalar = map(4, '@total', 'number', [{ key: [], value: number(1_284_113) }]);
export const flame = map(0, '@', 'number', stackEntries(stacks));

export const hostileStacks = hostileNames.filter((name) => name.trim() !== '').map((name, index) => ({ frames: [{ name: 'proc', kind: 'label' }, { name, module: name, kind: 'user' }, { name: `${name}!`, module: null, kind: 'kernel' }], count: 40 + index }));
export const hostileMaps = [
  map(0, '@names', 'number', hostileNames.map((name, index) => ({ key: [text(name)], value: number(100 - index) }))),
  map(1, '@times', 'histogram', hostileNames.slice(0, 8).map((name) => ({ key: [text(name)], value: { t: 'histogram', buckets: buckets([1, 4, 2], 1) } }))),
  map(2, '@sizes', 'stats', hostileNames.map((name) => ({ key: [text(name)], value: { t: 'stats', count: 1, average: 2, total: 2 } }))),
  map(3, '@stacks', 'number', stackEntries(hostileStacks)),
  map(4, '@last', 'text', hostileNames.map((name) => ({ key: [text(name)], value: text(name) }))),
];
export const hostileLog = hostileNames.map((name, index) => ({ sequence: index + 1, at_ms: index * 10, stream: index % 3 === 0 ? 'error' : 'out', kind: 'printf', text: name }));

/** Totals of 42 s, with a burst and a loss. */
export function history(run) {
  const seconds = Array.from({ length: 42 }, (_, index) => index + 1);
  let events = 0;
  const points = seconds.map((second) => ({ at_ms: second * 1000, events: (events += Math.round(90 + 60 * Math.sin(second / 3) + (second === 20 ? 400 : 0))), lost: run.lost && second > 24 ? Math.min(12, (second - 24) * 4) : 0 }));
  const histograms = run.maps.filter((map) => map.kind === 'histogram').map((map) => ({
    map: map.name,
    points: seconds.map((second) => ({ at_ms: second * 1000, buckets: map.entries[0].value.buckets.map((bucket, index) => ({ ...bucket, count: Math.round((bucket.count * second * (second > 25 && index > 6 ? 2 : 1)) / 42) })) })),
  }));
  return { points, histograms };
}
