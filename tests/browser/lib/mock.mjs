// A stand-in for the server, for what needs no kernel: every chart, hostile names, reconnecting, the page's own headers.
// Speaks the protocol of server/src/http/protocol.rs over fixed data; the journeys run against the real server.
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { flameSvg, flameTree } from './flame-svg.mjs';
import { pageHeaders } from './headers.mjs';
import { hostileNames } from './hostile.mjs';
import * as data from './mock-data.mjs';
import { repository, WebSocketServer } from './modules.mjs';

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const built = join(repository, 'static/dist');

const shape = (view, value) => ({ id: view.id, name: view.name, key: view.scalar ? null : view.key_parts.join(','), value });

function run(id, title, more = {}) {
  return {
    id, title, source: 'profile:hz:99 { @[kstack, comm] = count(); }', parameters: [], state: 'running', reason: null, ok: null, started_at: '2026-11-22T18:00:00Z', duration_ms: 42_000,
    time_limit_seconds: 600, probes: 4, attaching: null, watchers: 1, lost_total: 0, view_key: 'viewkey', started_by: 'root', pinned: false, watching: [{ name: 'ada', guest: false, tabs: 2, at: 'show=%40' }, { name: 'guest', guest: true, tabs: 1, at: null }], costs: [], maps: [], recording_problem: null, ...more,
  };
}

const runs = {
  flame: { info: run('flame', 'CPU flame graph', { maps: [shape(data.flame, 'count_t')] }), maps: [data.flame], stacks: data.stacks },
  table: { info: run('table', 'System calls by process', { source: 'tracepoint:raw_syscalls:sys_enter\n{\n  @calls[comm] = count();\n  @bytes[pid, comm] = sum(args.args[2]);\n}\n', maps: [shape(data.counts, 'count_t'), shape(data.pairs, 'sum_t')], lost_total: 12 }), maps: [data.counts, data.pairs], lost: [{ id: 1, cause: 'ring-full', text: 'events were lost because the ring buffer was full', total: 12, at_ms: 40_000, is_loss: true }] },
  histogram: { info: run('histogram', 'Disk latency', { maps: [shape(data.histogram, 'hist_t'), shape(data.keyedHistogram, 'hist_t'), shape(data.statistics, 'stats_t'), shape(data.series, 'tseries_t'), shape(data.scalar, 'count_t')] }), maps: [data.histogram, data.keyedHistogram, data.statistics, data.series, data.scalar] },
  slower: { info: run('slower', 'Response times, after the change', { source: 'profile:hz:199 { @[kstack, comm] = count(); }', state: 'ended', ok: true, reason: 'Stopped by a person', duration_ms: 21_000, maps: [shape(data.slowerHistogram, 'hist_t'), shape(data.fewerCounts, 'count_t'), shape(data.flame, 'count_t')] }), maps: [data.slowerHistogram, data.fewerCounts, { ...data.flame, id: 2 }], stacks: data.slowerStacks },
  quicker: { info: run('quicker', 'Response times, before', { state: 'ended', ok: true, reason: 'Stopped by a person', maps: [shape(data.histogram, 'hist_t'), shape(data.counts, 'count_t'), shape(data.flame, 'count_t')] }), maps: [data.histogram, { ...data.counts, id: 1 }, { ...data.flame, id: 2 }], stacks: data.stacks },
  log: { info: run('log', 'Files opened'), maps: [], log: Array.from({ length: 12_000 }, (_, index) => ({ sequence: index + 1, at_ms: index * 3, stream: index % 40 === 0 ? 'error' : index % 25 === 0 ? 'warning' : 'out', kind: 'printf', text: `${1000 + (index % 900)}  ${['bash', 'node', 'postgres'][index % 3].padEnd(16)} /var/lib/data/segment-${index}` })) },
  waiting: { info: run('waiting', 'Waiting for the first event', { probes: 3, duration_ms: 4000 }), maps: [] },
  failed: { info: run('failed', 'Broken script', { source: 'BEGIN { printf("%d\\n", $x); }', state: 'ended', ok: false, probes: 0, reason: 'The script has errors', duration_ms: 12 }), maps: [], diagnostics: [{ severity: 'error', code: 'unknown-variable', message: "Undefined or undeclared variable: $x", start: 23, end: 25, start_utf16: 23, end_utf16: 25, line: 1, column: 24, help: ['Assign it before this line'], rendered: '' }] },
  died: { info: run('died', 'Worker killed', { state: 'ended', ok: false, reason: 'The worker process was killed by signal 9', maps: [shape(data.counts, 'count_t')] }), maps: [data.counts] },
  hostile: { info: run('hostile', hostileNames[0], { source: `// ${hostileNames[5]}\nBEGIN { printf("hi\\n"); }`, parameters: [hostileNames[2]], reason: hostileNames[1], state: 'ended', ok: false, maps: data.hostileMaps.map((view) => shape(view, 'count_t')), recording_problem: hostileNames[4] }), maps: data.hostileMaps, log: data.hostileLog, stacks: data.hostileStacks, lost: [{ id: 1, cause: 'x', text: hostileNames[3], total: 3, at_ms: 1, is_loss: true }] },
};

const examples = [
  ['profile', 'CPU flame graph', 'What are the CPUs busy with?', 'Wide frames are where the time goes. Kernel and user code have different colours.'],
  ['syscalls', 'System calls by process', 'Who talks to the kernel most?', 'One row per process name, the busiest first.'],
  ['opens', 'Files opened', 'Which files does each process open?', 'One line per call: process and path.'],
  ['disk', 'Disk latency', 'How long do disk requests take?', 'A hump far to the right is a slow disk or a queue.'],
  ['execs', 'New processes', 'What is being started?', 'One line per exec with its file name.'],
  ['runq', 'Scheduler latency', 'How long do threads wait for a CPU?', 'More than a few milliseconds means too few CPUs.'],
  ['tcp', 'TCP connects', 'Who connects where?', 'One line per connection.'],
  ['offcpu', 'Off-CPU time', 'What do threads wait for?', 'Wide frames are long waits.'],
].map(([id, title, question, how_to_read]) => ({ id, title, question, how_to_read, script: `// ${title}\nprofile:hz:99 { @[kstack, comm] = count(); }`, view: 'flame', category: /Disk/.test(title) ? 'Disks' : /TCP/.test(title) ? 'Network' : 'CPU and scheduling', cost: 'low: a few hundred events a second', parameters: id === 'runq' ? [{ name: 'limit', kind: 'positional', default: '10000', example: null, doc: 'Microseconds' }] : [], problem: id === 'offcpu' ? 'kprobe probes need kprobes, which this kernel does not have' : null }));

const host = { hostname: 'db-01', kernel: '6.12.48-amd64', cpus: 16, version: '0.1.0', user: 'root', features: [], limits: { source_bytes: 65536, probes: 1000, map_bytes: 1 << 26, storage_bytes: 1 << 30, time_limit_seconds: 600, runs_at_once: 8, viewers: 50 } };
const language = { keywords: ['if', 'else'], builtins: [{ name: 'printf', signature: 'printf(format, ...)', doc: 'Prints.', example: '' }, { name: 'count', signature: 'count()', doc: 'Counts.', example: '' }], probes: [{ names: ['profile', 'p'], syntax: 'profile:hz:N', doc: '', available: true, reason: null }], config: [{ name: 'max_strlen', values: '2 to 65536' }] };

const shares = [
  { id: 's1', run: 'flame', source_run: 'flame', frozen: true, title: hostileNames[1], note: '', created_by: 'ada', created_at: '2026-11-22T18:00:00Z', expires_at: '2026-11-29T18:00:00Z', state: 'open' },
  { id: 's2', run: 'flame', source_run: 'flame', frozen: false, title: 'CPU', note: '', created_by: 'root', created_at: '2026-11-22T18:00:00Z', expires_at: null, state: 'revoked' },
];
const note = (id, place, text, address) => ({ id, place, text, address, author: 'ada', created_at: '2026-11-22T18:00:20Z' });
/** Notes of runs; tests add to them. The focus of the frame is set by the test, which knows it from the address. */
const notes = {
  table: [note(1, { kind: 'moment', at_ms: 20_000 }, 'The burst begins here', 'to=20000')],
  histogram: [note(2, { kind: 'bucket', map: '@usecs', key: '', bucket: '[16, 32)' }, hostileNames[1], 'show=%40usecs')],
  hostile: [note(3, { kind: 'moment', at_ms: 1000 }, hostileNames.join('\n'), 'to=1000'), note(4, { kind: 'frame', map: '@stacks', zoom: 'x', name: hostileNames[0] }, hostileNames[3], ''), note(5, { kind: 'bucket', map: hostileNames[1], key: hostileNames[2], bucket: hostileNames[5] }, 'x', 'find=%3Cimg%3E')],
};
let keepDays = 30;
const storage = () => ({ keep_days: keepDays, used_bytes: 87_000_000, limit_bytes: 1 << 30, runs: 412, kept: 7, due: keepDays === 0 ? 0 : 3, oldest: '2026-10-19T08:00:00Z' });
const audit = [
  { id: 3, at: '2026-11-22T18:01:00Z', who: 'ada', role: 'operator', action: 'share', run: 'flame', subject: 'frozen link s1: CPU', detail: '' },
  { id: 2, at: '2026-11-22T18:00:30Z', who: 'ada', role: 'operator', action: 'run', run: 'hostile', subject: hostileNames[0], detail: `// ${hostileNames[2]}` },
  { id: 1, at: '2026-11-22T18:00:00Z', who: 'root', role: 'admin', action: 'login', run: null, subject: 'by the address that the server printed', detail: '' },
];

const snapshotOf = (one) => ({ type: 'snapshot', sequence: 10, at_ms: 42_000, run: { ...one.info, view_key: null }, log: one.log ?? [], log_dropped: 0, maps: one.maps, lost: one.lost ?? [], diagnostics: one.diagnostics ?? [], events: 4321 });

/** Answers a check as a compiler would that knows one mistake: the word `prinft`. */
function check(source) {
  const at = source.indexOf('prinft');
  if (at < 0) return { diagnostics: [], probes: 1, maps: [], variables: [] };
  const line = source.slice(0, at).split('\n').length;
  return { diagnostics: [{ severity: 'error', code: 'unknown-function', message: "Unknown function: 'prinft'", start: at, end: at + 6, start_utf16: at, end_utf16: at + 6, line, column: at - source.lastIndexOf('\n', at - 1), help: ["Did you mean 'printf'?"], rendered: '', replacement: { start: at, end: at + 6, text: 'printf' } }], probes: 0, maps: [], variables: [] };
}

/** `tree`, as JSON text, is what the flame graph of the run "large" is drawn from. */
export async function startMock({ tree } = {}) {
  const exposed = new Set();
  if (tree) runs.large = { ...runs.flame, info: { ...runs.flame.info, id: 'large' } };
  const sockets = new Set();
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://x');
    const send = (status, type, body) => response.writeHead(status, { ...pageHeaders, 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body);
    const json = (body, status = 200) => send(status, 'application/json', JSON.stringify(body));
    const withBody = (then) => {
      let text = '';
      request.on('data', (part) => (text += part)).on('end', () => then(JSON.parse(text || '{}')));
    };
    if (url.pathname === '/api/login') {
      return withBody((body) => (body.token === 'good' ? json({ secret: 's', role: 'operator', run: null }) : body.view === 'viewkey' ? json({ secret: 'v', role: 'viewer', run: body.run }) : body.view === 'revoked' ? json({ code: 'link-revoked', message: 'This link was revoked. Ask whoever sent it for a new one' }, 410) : body.view === 'expired' ? json({ code: 'link-expired', message: 'This link has expired. Ask whoever sent it for a new one' }, 410) : json({ code: 'bad-token', message: 'This token is not valid' }, 401)));
    }
    const flame = /^\/r\/(\w+)\/flame\.(svg|json)$/.exec(url.pathname);
    if (url.pathname.startsWith('/api/') || flame) {
      if (!/^Bearer [sv]$/.test(request.headers.authorization ?? '')) return json({ code: 'not-authenticated', message: 'Sign in first' }, 401);
    }
    if (tree && flame?.[1] === 'large') return send(200, 'application/json', tree);
    if (flame?.[2] === 'json') return runs[flame[1]]?.stacks ? json(flameTree(runs[flame[1]].stacks, { at: url.searchParams.get('at') })) : json({ code: 'no-such-map', message: 'No map of this run has stacks in its key' }, 404);
    if (flame) return send(200, 'image/svg+xml', flameSvg(runs[flame[1]].stacks, { extra: '<g onclick="window.__xss=1"><a href="javascript:window.__xss=1"><rect/></a></g>' }));
    const guest = request.headers.authorization === 'Bearer v';
    if (url.pathname === '/api/me') return json(guest ? { name: 'guest', role: 'viewer', link: { run: 'flame', frozen: false, title: 'Look here', note: hostileNames[0], created_by: 'ada', created_at: '2026-11-22T18:00:00Z', expires_at: '2026-11-29T18:00:00Z' } } : { name: 'root', role: 'admin', link: null });
    if (url.pathname === '/api/users') return request.method === 'POST' ? withBody((body) => json({ ...body, token: 'secret-of-ada' }, 201)) : json({ users: [{ name: 'ada', role: 'operator', created_at: '2026-11-22T18:00:00Z' }] });
    if (url.pathname === '/api/audit') return json({ entries: audit.filter((entry) => (url.searchParams.get('action') ?? '') === '' || entry.action === url.searchParams.get('action')), more: false });
    if (/^\/api\/runs\/\w+\/shares$/.test(url.pathname)) return request.method === 'POST' ? withBody((body) => json({ share: shares[0], path: `/r/flame?${body.address}#v=viewkey` }, 201)) : json({ shares });
    if (url.pathname === '/api/storage') return request.method === 'POST' ? withBody((body) => {
      keepDays = body.keep_days;
      json(storage());
    }) : json(storage());
    const ofNotes = /^\/api\/runs\/(\w+)\/notes(?:\/(\d+))?$/.exec(url.pathname);
    if (ofNotes) {
      const list = (notes[ofNotes[1]] ??= []);
      if (request.method === 'GET') return json({ notes: list });
      if (request.method === 'DELETE') return (notes[ofNotes[1]] = list.filter((one) => one.id !== Number(ofNotes[2]))), send(204, 'text/plain', '');
      return withBody((body) => {
        const made = note(10 + list.length, body.place, body.text, body.address);
        list.push(made);
        json(made, 201);
      });
    }
    const ofMetrics = /^\/api\/runs\/(\w+)\/metrics$/.exec(url.pathname);
    if (ofMetrics && request.method === 'POST') {
      return withBody((body) => {
        if (body.map === '@usecs_by') return json({ code: 'no-metric', message: 'Only maps of numbers and histograms whose keys hold no stacks become metrics' }, 400);
        body.exposed ? exposed.add(body.map) : exposed.delete(body.map);
        send(204, 'text/plain', '');
      });
    }
    if (ofMetrics) return json({ maps: [...exposed] });
    if (url.pathname === '/api/host') return json(host);
    if (url.pathname === '/api/language') return json(language);
    if (url.pathname === '/api/examples') return json({ examples });
    if (url.pathname === '/api/check') return withBody((body) => json(check(body.source)));
    if (url.pathname === '/api/probes') return json({ total: hostileNames.length, names: ['tracepoint:sched:sched_switch', ...hostileNames] });
    if (url.pathname === '/api/probes/arguments') return json({ arguments: ['int prev_pid', ...hostileNames] });
    if (url.pathname === '/api/complete') return json({ of: 'struct task_struct', members: [{ name: 'pid', declaration: 'int pid' }, { name: 'comm', declaration: 'char comm[16]' }] });
    if (url.pathname === '/api/format') return withBody((body) => json({ source: `${body.source.trim()}\n` }));
    if (url.pathname === '/api/runs' && request.method === 'POST') return withBody((body) => json({ id: /hist/.test(body.source) ? 'histogram' : 'flame' }));
    if (url.pathname === '/api/runs') return json({ runs: Object.values(runs).map((one) => one.info) });
    const one = /^\/api\/runs\/(\w+)$/.exec(url.pathname);
    if (one) return runs[one[1]] ? json(runs[one[1]].info) : json({ code: 'unknown-run', message: 'There is no such run' }, 404);
    const past = /^\/api\/runs\/(\w+)\/history$/.exec(url.pathname);
    if (past) return runs[past[1]] ? json(data.history(runs[past[1]])) : json({ code: 'unknown-run', message: 'There is no such run' }, 404);
    const moment = /^\/api\/runs\/(\w+)\/at$/.exec(url.pathname);
    if (moment) return runs[moment[1]] ? json(snapshotOf(runs[moment[1]])) : json({ code: 'unknown-run', message: 'There is no such run' }, 404);
    if (url.pathname.startsWith('/api/')) return json({});
    const file = normalize(url.pathname).startsWith('/assets/') ? join(built, normalize(url.pathname)) : join(built, 'index.html');
    if (!existsSync(file)) return send(404, 'text/plain', 'not here');
    send(200, types[extname(file)] ?? 'application/octet-stream', readFileSync(file));
  });
  const upgrades = new WebSocketServer({ server, path: '/ws' });
  upgrades.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('message', (text) => {
      const message = JSON.parse(text);
      const one = runs[message.run];
      if (message.type !== 'hello') return;
      if (!one) return socket.send(JSON.stringify({ type: 'error', message: 'There is no such run' }));
      socket.send(JSON.stringify(snapshotOf(one)));
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    info: (id) => runs[id].info,
    /** To every open page. */
    broadcast: (message) => sockets.forEach((socket) => socket.send(JSON.stringify(message))),
    dropConnections: () => sockets.forEach((socket) => socket.terminate()),
    stop: () => new Promise((done) => {
      sockets.forEach((socket) => socket.terminate());
      server.closeAllConnections();
      server.close(done);
    }),
  };
}
