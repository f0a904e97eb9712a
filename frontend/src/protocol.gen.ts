// Generated from server/src/http/protocol.rs by `cargo xtask codegen`. Do not edit.

/**
 * A message of the page on the WebSocket.
 */
export type ClientMessage = { "type": "hello", 
/**
 * The half of the credential that scripts hold; None for clients that sent `Authorization` on the upgrade.
 */
secret?: string | null, run: string, 
/**
 * The last sequence number the page has seen of this run; 0 for none.
 */
after: number, } | { "type": "subscribe", run: string, after: number, } | { "type": "stop" } | { "type": "looking", address: string, };

/**
 * A message of the server on the WebSocket. Encoded once for all viewers of a run.
 */
export type ServerMessage = { "type": "snapshot" } & Snapshot | { "type": "update" } & Update | { "type": "skipped", lines: number, } | { "type": "evicted", seconds: number, } | { "type": "error", message: string, };

/**
 * All there is to see of a run at one moment. Replaces what the page had.
 */
export type Snapshot = { 
/**
 * The last event that is included.
 */
sequence: number, 
/**
 * Milliseconds since the run was started.
 */
at_ms: number, run: RunInfo, log: Array<LogLine>, 
/**
 * Lines that the server no longer keeps.
 */
log_dropped: number, maps: Array<MapView>, lost: Array<Loss>, diagnostics: Array<DiagnosticView>, 
/**
 * Lines of output and values that went into counts, histograms and statistics, so far.
 */
events: number, };

/**
 * What changed since the message before. A part that is left out has not changed.
 */
export type Update = { sequence: number, 
/**
 * Milliseconds since the run was started.
 */
at_ms: number, 
/**
 * To append.
 */
log?: Array<LogLine>, 
/**
 * Each replaces the map of the same id.
 */
maps?: Array<MapView>, 
/**
 * Each replaces the loss of the same id.
 */
lost?: Array<Loss>, run?: RunInfo, 
/**
 * To append.
 */
diagnostics?: Array<DiagnosticView>, 
/**
 * Lines of output per second of late.
 */
rate?: number, 
/**
 * As in the snapshot.
 */
events: number, };

export type RunInfo = { id: string, title: string, source: string, 
/**
 * `$1`, `$2`, …
 */
parameters: Array<string>, state: RunState, 
/**
 * Why it ended, as a sentence without a full stop.
 */
reason: string | null, 
/**
 * Whether it ended as it should; null while it runs.
 */
ok: boolean | null, 
/**
 * ISO 8601, UTC.
 */
started_at: string, 
/**
 * So far, or in all.
 */
duration_ms: number, 
/**
 * 0: no limit.
 */
time_limit_seconds: number, 
/**
 * Attach points, once attached.
 */
probes: number, 
/**
 * Progress of a long attach.
 */
attaching: Progress | null, 
/**
 * Pages that watch now.
 */
watchers: number, 
/**
 * Events and updates that were lost, over all causes.
 */
lost_total: number, 
/**
 * Who watches, each name once.
 */
watching: Array<Watcher>, 
/**
 * The name of who began it.
 */
started_by: string, 
/**
 * Kept when others make room.
 */
pinned: boolean, 
/**
 * What opens its flame graphs in a tab of their own: `?k=KEY`. Operators only.
 */
view_key: string | null, maps: Array<MapShape>, 
/**
 * Why the run is not being stored (any more); null while it is.
 */
recording_problem: string | null, 
/**
 * Grows when notes are added or removed, while somebody looks at the run.
 */
notes: number, 
/**
 * What the probes cost so far; empty before the first second.
 */
costs: Array<ProbeCost>, };

/**
 * Somebody who watches.
 */
export type Watcher = { name: string, 
/**
 * Came by a link, without an account.
 */
guest: boolean, 
/**
 * In so many tabs; guests of all links are counted together.
 */
tabs: number, 
/**
 * What the tab shows that moved last, for those who follow: the query part of the run's address. Null for guests,
 * and for those who have not said.
 */
at: string | null, };

/**
 * How often the programs of one probe ran, and how long that took in all.
 */
export type ProbeCost = { 
/**
 * The attach point, or the first of several that share the program.
 */
probe: string, 
/**
 * Where it stands in the script, counted from 1.
 */
line: number, 
/**
 * How many attach points share the program.
 */
probes: number, hits: number, nanoseconds: number, };

export type RunState = "starting" | "running" | "stopping" | "ended";

export type Progress = { done: number, total: number, };

/**
 * A map of the script before it has content.
 */
export type MapShape = { id: number, 
/**
 * With its `@`.
 */
name: string, 
/**
 * Type of the key; null for a map without keys.
 */
key: string | null, value: string, };

/**
 * One line of the log.
 */
export type LogLine = { 
/**
 * Counts the lines of the run from 1, without gaps: a gap at the page is a line it was not sent.
 */
sequence: number, 
/**
 * Milliseconds since the run was started.
 */
at_ms: number, stream: LogStream, kind: LogKind, 
/**
 * Without the newline. Bytes that are not printable UTF-8 are written `\xNN`, a backslash `\\`, an escape `\e`.
 */
text: string, };

/**
 * `GET /api/runs/{id}/lines`
 */
export type LogLines = { 
/**
 * In their order.
 */
lines: Array<LogLine>, 
/**
 * How many there are, `lines` included.
 */
matched: number, };

export type LogStream = "out" | "error" | "warning";

/**
 * What wrote a line.
 */
export type LogKind = "printf" | "time" | "join" | "cat" | "system" | "value" | "map" | "note";

/**
 * Total of one cause of loss so far.
 */
export type Loss = { 
/**
 * Stands for the cause and its place in the script.
 */
id: number, 
/**
 * A stable name: `ring-full`, `map-full`, `stack-failed`, …
 */
cause: string, 
/**
 * What happened, as a sentence without a full stop.
 */
text: string, total: number, 
/**
 * When it was last seen to grow, milliseconds since the run was started.
 */
at_ms: number, 
/**
 * Whether data is missing because of it; otherwise it is a warning about the script, such as a division by zero.
 */
is_loss: boolean, };

export type DiagnosticView = { severity: DiagnosticSeverity, 
/**
 * Stable name of the kind of diagnostic.
 */
code: string, message: string, 
/**
 * Byte offsets in UTF-8, half open.
 */
start: number, end: number, 
/**
 * The same in UTF-16 code units, as JavaScript and editors count.
 */
start_utf16: number, end_utf16: number, 
/**
 * Counted from 1.
 */
line: number, 
/**
 * Counted from 1, in characters.
 */
column: number, 
/**
 * What to do about it.
 */
help: Array<string>, 
/**
 * The block that a terminal shows.
 */
rendered: string, 
/**
 * An edit that is likely to mend it.
 */
replacement?: Replacement, };

export type DiagnosticSeverity = "warning" | "error";

/**
 * New text for a stretch of the script, in UTF-16 code units.
 */
export type Replacement = { start: number, end: number, text: string, };

/**
 * One map at one moment.
 */
export type MapView = { 
/**
 * Index of its shape in `RunInfo.maps`.
 */
id: number, 
/**
 * With its `@`.
 */
name: string, 
/**
 * Grows with every change of the content.
 */
version: number, kind: MapKind, 
/**
 * Without a key: at most one entry.
 */
scalar: boolean, 
/**
 * A type for each part of the key.
 */
key_parts: Array<string>, 
/**
 * A part of the key (or the value) is a stack: there is a flame graph at `/r/ID/flame.svg?map=NAME`.
 */
has_stack: boolean, 
/**
 * Keys in the map.
 */
total_entries: number, 
/**
 * Keys that are not among `entries`.
 */
omitted: number, 
/**
 * Sum over all keys of the map that the server knows; null for values that do not add up.
 */
sum: Num | null, 
/**
 * The largest, in descending order.
 */
entries: Array<MapEntry>, };

/**
 * Which form all values of a map have.
 */
export type MapKind = "number" | "stats" | "histogram" | "series" | "text";

export type MapEntry = { 
/**
 * Empty for a scalar map.
 */
key: Array<KeyPart>, value: MapValue, };

export type KeyPart = { "t": "text", "v": string } | { "t": "number", "v": Num } | { "t": "stack", "v": Array<Frame> };

export type Frame = { name: string, 
/**
 * Binary, library or kernel module.
 */
module: string | null, kind: FrameKind, 
/**
 * Why there is no symbol, as a sentence without a full stop.
 */
why?: string, };

export type FrameKind = "kernel" | "user" | "inlined" | "jit" | "unresolved";

export type MapValue = { "t": "number", v: Num, } | { "t": "stats", count: Num, average: Num, total: Num, } | { "t": "histogram", buckets: Array<Bucket>, } | { "t": "series", points: Array<Point>, interval_ms: number, } | { "t": "text", v: string, };

/**
 * A bucket of a histogram: `low <= value < high`.
 */
export type Bucket = { 
/**
 * As the terminal writes it: `[4, 8)`.
 */
label: string, 
/**
 * Null: no lower bound.
 */
low: Num | null, 
/**
 * Null: no upper bound.
 */
high: Num | null, count: Num, };

/**
 * A point of a time series.
 */
export type Point = { 
/**
 * ISO 8601, UTC: the start of the interval.
 */
at: string, value: Num, };

/**
 * A number that JavaScript reads exactly: a JSON number where a double holds it, else a decimal string.
 */
export type Num = number | string;

/**
 * `GET /r/ID/flame.json?map=NAME`: nodes in depth-first order, siblings by name. The first is the root.
 */
export type FlameTree = { 
/**
 * Grows with every change of the map.
 */
version: number, 
/**
 * What the weights count: `samples`, or the name of the map.
 */
unit: string, 
/**
 * Each distinct frame once.
 */
frames: Array<FlameFrameInfo>, 
/**
 * For each node the index of its frame.
 */
frame: Array<number>, 
/**
 * For each node its distance from the root.
 */
depth: Array<number>, 
/**
 * For each node the weight of the samples that end in it.
 */
own: Array<Num>, };

/**
 * `GET /api/runs/ID/samples?map=NAME`: when the samples of a map with stacks came.
 */
export type SampleTimes = { 
/**
 * Milliseconds that each number stands for.
 */
step_ms: number, 
/**
 * Weight that came in each step since the start of the run.
 */
samples: Array<number>, };

export type FlameFrameInfo = { name: string, kind: FlameKind, 
/**
 * Binary, library or kernel module.
 */
module?: string, 
/**
 * Why there is no symbol, as a sentence without a full stop.
 */
why?: string, };

export type FlameKind = "label" | "kernel" | "user" | "inlined" | "jit" | "unresolved";

/**
 * `GET /api/runs/ID/history`
 */
export type History = { 
/**
 * Totals so far, oldest first, evenly spaced.
 */
points: Array<HistoryPoint>, histograms: Array<HistogramHistory>, };

export type HistoryPoint = { 
/**
 * Milliseconds since the run was started.
 */
at_ms: number, 
/**
 * Lines of output and values that went into counts, histograms and statistics.
 */
events: number, 
/**
 * Events and updates that were lost.
 */
lost: number, };

/**
 * The content of a map of histograms over time, its keys added up.
 */
export type HistogramHistory = { 
/**
 * With its `@`.
 */
map: string, points: Array<HistogramPoint>, };

export type HistogramPoint = { 
/**
 * Milliseconds since the run was started.
 */
at_ms: number, 
/**
 * Totals so far.
 */
buckets: Array<Bucket>, };

/**
 * `POST /api/login`: a one-time token or that of an account, or a run and the key of a link to it.
 */
export type LoginRequest = { token: string, } | { run: string, view: string, };

/**
 * The cookie holds the other half of the credential; neither alone is enough.
 */
export type LoginResponse = { 
/**
 * To be sent as `Authorization: Bearer …`, and in the first WebSocket message.
 */
secret: string, role: Role, 
/**
 * The only run a viewer may see.
 */
run: string | null, };

/**
 * What somebody may do. Each role may do all that the ones before it may.
 */
export type Role = "viewer" | "operator" | "admin";

/**
 * The body of every error.
 */
export type ErrorBody = { 
/**
 * A stable name, such as `not-authenticated`.
 */
code: string, 
/**
 * A sentence for people.
 */
message: string, };

/**
 * `GET /api/host`
 */
export type HostInfo = { hostname: string, 
/**
 * As `uname -r` prints it.
 */
kernel: string, cpus: number, 
/**
 * Of tracedeck.
 */
version: string, 
/**
 * Whom the server runs as.
 */
user: string, features: Array<FeatureInfo>, limits: LimitsInfo, };

export type FeatureInfo = { name: string, available: boolean, 
/**
 * The first kernel version that has it.
 */
since: string, };

export type LimitsInfo = { source_bytes: number, 
/**
 * Attach points of one script.
 */
probes: number, 
/**
 * Kernel memory of all maps of one script.
 */
map_bytes: number, 
/**
 * 0: no limit.
 */
time_limit_seconds: number, runs_at_once: number, viewers: number, 
/**
 * Of stored runs; the oldest make room.
 */
storage_bytes: number, };

/**
 * `GET /api/language`: what the editor completes and explains.
 */
export type LanguageInfo = { keywords: Array<string>, builtins: Array<BuiltinInfo>, probes: Array<ProbeTypeInfo>, config: Array<ConfigKeyInfo>, };

export type BuiltinInfo = { name: string, signature: string, doc: string, example: string, };

/**
 * A key of the `config` block.
 */
export type ConfigKeyInfo = { name: string, 
/**
 * What it may be set to, in words.
 */
values: string, };

export type ProbeTypeInfo = { 
/**
 * The full name, then short ones.
 */
names: Array<string>, syntax: string, doc: string, available: boolean, 
/**
 * Why it is not available.
 */
reason: string | null, };

/**
 * `GET /api/probes?query=…&limit=…`: attach points that have the letters of each word of the query in order.
 */
export type ProbeMatches = { 
/**
 * How many match.
 */
total: number, 
/**
 * The best of them, best first: `tracepoint:sched:sched_switch`.
 */
names: Array<string>, };

/**
 * `GET /api/probes/arguments?name=…`
 */
export type ProbeArguments = { 
/**
 * C declarations of what the probe can read.
 */
arguments: Array<string>, };

/**
 * `GET /api/probes/tree?prefix=…`: the attach points by provider and category.
 */
export type ProbeTree = { children: Array<ProbeNode>, 
/**
 * How many more there are.
 */
omitted: number, };

export type ProbeNode = { 
/**
 * From the beginning: `tracepoint:`, `tracepoint:sched:`, `tracepoint:sched:sched_switch`.
 */
name: string, 
/**
 * How many attach points begin so.
 */
probes: number, is_branch: boolean, };

/**
 * `GET /api/processes`
 */
export type ProcessList = { processes: Array<ProcessInfo>, };

export type ProcessInfo = { pid: number, name: string, 
/**
 * The file that it runs.
 */
program: string, };

/**
 * `GET /api/processes/PID/files`
 */
export type ProcessFiles = { 
/**
 * Its program and libraries.
 */
files: Array<string>, };

/**
 * `GET /api/examples`
 */
export type ExampleList = { examples: Array<ExampleInfo>, };

export type ExampleInfo = { id: string, title: string, 
/**
 * The subject, such as `Disks`.
 */
category: string, 
/**
 * What a person wants to know who picks it.
 */
question: string, script: string, how_to_read: string, 
/**
 * How much it disturbs, in words.
 */
cost: string, 
/**
 * What shows the answer best.
 */
view: ExampleView, 
/**
 * `$1`, `$2`, …
 */
parameters: Array<ScriptParameter>, 
/**
 * Why it cannot run on this machine; null when it can.
 */
problem: string | null, };

export type ParameterKind = "positional" | "flag" | "bool" | "number" | "text";

/**
 * A field of the form that a script is started with.
 */
export type ScriptParameter = { 
/**
 * Without `--`; `$1` where nothing better is known.
 */
name: string, kind: ParameterKind, 
/**
 * What stands for it where it is not given.
 */
default: string, 
/**
 * Where the script cannot do without it: a value that can stand there.
 */
example: string | null, doc: string, };

export type ExampleView = "flame" | "table" | "histogram" | "log";

/**
 * `GET /api/course`
 */
export type Course = { steps: Array<CourseStep>, };

export type CourseStep = { id: string, title: string, paragraphs: Array<string>, 
/**
 * What makes it fire.
 */
fires: string, look_for: string, 
/**
 * A change to make.
 */
to_try: string | null, script: string, 
/**
 * Why it cannot run on this machine; null when it can.
 */
problem: string | null, };

/**
 * `POST /api/check`
 */
export type CheckRequest = { source: string, parameters?: Array<string>, };

export type CheckResponse = { diagnostics: Array<DiagnosticView>, 
/**
 * Attach points, every match of a pattern; 0 with errors.
 */
probes: number, 
/**
 * Those that are functions, where they are so many that whoever starts the script should be asked; else 0.
 */
many_functions: number, maps: Array<CheckedMap>, 
/**
 * Scratch variables; empty with errors.
 */
variables: Array<Declared>, 
/**
 * What the script takes; with errors only `$1`, `$2`, ….
 */
parameters: Array<ScriptParameter>, };

export type CheckedMap = { name: string, key: string | null, value: string, };

/**
 * `POST /api/complete`: what may stand at a place of a script that need not be finished.
 */
export type CompleteRequest = { source: string, 
/**
 * Where the cursor is, in UTF-16 code units.
 */
offset: number, parameters?: Array<string>, };

export type CompleteResponse = { 
/**
 * Whose members they are: a type or a probe; empty for variables.
 */
of: string, 
/**
 * Fields after a dot or an arrow, variables after a `$`; empty where nothing is known.
 */
members: Array<Declared>, };

export type Declared = { name: string, 
/**
 * The declaration in C, or the type.
 */
declaration: string, };

/**
 * `POST /api/format`
 */
export type FormatRequest = { source: string, };

/**
 * The script in the usual layout.
 */
export type FormatResponse = { source: string, };

/**
 * `POST /api/runs`
 */
export type RunRequestBody = { source: string, parameters?: Array<string>, 
/**
 * Only these processes are traced; none: all.
 */
pids?: Array<number>, 
/**
 * What these processes start is traced, too.
 */
follow?: boolean, 
/**
 * Only processes in this control group (v2) and below are traced: its path, its id, or a part of its name.
 */
cgroup?: string | null, 
/**
 * The tracer's own processes are traced like all others.
 */
include_self?: boolean, title?: string | null, 
/**
 * At most the server's limit, which is also what is taken without it.
 */
time_limit_seconds?: number, 
/**
 * Chosen by the page for one press of Run: the same key again answers with the same run.
 */
idempotency_key?: string | null, };

export type RunCreated = { id: string, };

/**
 * `POST /api/runs/ID/pin`
 */
export type PinRequest = { pinned: boolean, };

/**
 * Whether a map of a run is exposed at `/metrics`.
 */
export type MetricRequest = { 
/**
 * With `@`.
 */
map: string, exposed: boolean, };

/**
 * Maps of a run that are exposed at `/metrics`.
 */
export type MetricsOfRun = { 
/**
 * With `@`, by name.
 */
maps: Array<string>, };

/**
 * `GET /api/runs`, newest first.
 */
export type RunList = { runs: Array<RunInfo>, };

/**
 * `GET /api/box`
 */
export type OnThisBox = { 
/**
 * Of a clock that never jumps, to tell rates from two answers.
 */
at_ms: number, 
/**
 * Runs of this server that are not over, newest first.
 */
runs: Array<BoxRun>, 
/**
 * Processes that hold BPF programs or links and are not this server's.
 */
others: Array<BpfHolder>, 
/**
 * Whether the kernel measures how long programs run (`kernel.bpf_stats_enabled`).
 */
measured: boolean, };

export type BoxRun = { run: RunInfo, 
/**
 * The worker process.
 */
pid: number | null, 
/**
 * CPU time of the worker so far.
 */
cpu_ms: number, 
/**
 * Time in its programs so far; null where the kernel does not measure it.
 */
kernel_ms: number | null, };

export type BpfHolder = { pid: number, name: string, user: string, 
/**
 * Programs of each type: `tracing`, `kprobe`.
 */
programs: Array<BpfPrograms>, links: number, cpu_ms: number, kernel_ms: number | null, };

export type BpfPrograms = { kind: string, count: number, };

/**
 * `GET /api/me`: who is asking.
 */
export type Me = { name: string, role: Role, 
/**
 * The link by which a guest came; null for accounts.
 */
link: MyLink | null, };

/**
 * What a guest is told of its link.
 */
export type MyLink = { 
/**
 * The only run it shows.
 */
run: string, 
/**
 * A copy that new data does not change.
 */
frozen: boolean, title: string, note: string, created_by: string, 
/**
 * ISO 8601, UTC.
 */
created_at: string, 
/**
 * ISO 8601, UTC; null: until it is revoked.
 */
expires_at: string | null, };

/**
 * `GET /api/users`
 */
export type UserList = { users: Array<UserInfo>, };

export type UserInfo = { name: string, role: Role, 
/**
 * ISO 8601, UTC.
 */
created_at: string, };

/**
 * `POST /api/users`: a new account; for a name that is there a new role and a new token.
 */
export type UserRequest = { name: string, role: Role, };

/**
 * Shown this once: the server keeps a hash of it.
 */
export type UserToken = { name: string, role: Role, 
/**
 * Opens the page as `/#k=TOKEN`, and the API as `Authorization: Bearer TOKEN`.
 */
token: string, };

/**
 * `POST /api/runs/ID/shares`
 */
export type ShareRequest = { 
/**
 * A copy of what there is now, instead of the run as it goes on.
 */
frozen: boolean, 
/**
 * Seconds until it opens nothing any more; null: until it is revoked, which takes an admin.
 */
expires_in_seconds: number | null, 
/**
 * Shown to those who open it; the run's title where it is empty.
 */
title: string, note: string, 
/**
 * The query of the page's address, which says what is shown: panel, chart, zoom.
 */
address: string, };

export type ShareCreated = { share: ShareInfo, 
/**
 * The path of the link. The key in it is shown this once: the server keeps a hash of it.
 */
path: string, };

/**
 * `GET /api/shares` and `GET /api/runs/ID/shares`, newest first.
 */
export type ShareList = { shares: Array<ShareInfo>, };

export type ShareInfo = { id: string, 
/**
 * What it shows: the run, or its copy.
 */
run: string, 
/**
 * The run it was made from.
 */
source_run: string, frozen: boolean, title: string, note: string, created_by: string, 
/**
 * ISO 8601, UTC.
 */
created_at: string, 
/**
 * ISO 8601, UTC; null: until it is revoked.
 */
expires_at: string | null, state: ShareState, };

export type ShareState = "open" | "expired" | "revoked";

/**
 * `GET /api/audit`, newest first.
 */
export type AuditList = { entries: Array<AuditEntry>, 
/**
 * Whether there are older ones; `before` the id of the last asks for them.
 */
more: boolean, };

export type AuditEntry = { id: number, 
/**
 * ISO 8601, UTC.
 */
at: string, who: string, role: string, 
/**
 * `run`, `stop`, `share`, `revoke`, `login`, …
 */
action: string, run: string | null, 
/**
 * What it was done to, in words.
 */
subject: string, 
/**
 * The text of a script.
 */
detail: string, };

/**
 * What a note is about.
 */
export type NotePlace = { "kind": "moment", at_ms: number, } | { "kind": "frame", map: string, 
/**
 * As it stands in the page's address.
 */
zoom: string, name: string, } | { "kind": "bucket", map: string, 
/**
 * The keys, as the page writes them; empty for a map without keys.
 */
key: string, bucket: string, };

/**
 * `POST /api/runs/ID/notes`
 */
export type NoteRequest = { place: NotePlace, text: string, 
/**
 * The query of the page's address that shows the place.
 */
address: string, };

/**
 * `GET /api/runs/ID/notes`, the oldest first.
 */
export type NoteList = { notes: Array<NoteInfo>, };

export type NoteInfo = { id: number, place: NotePlace, address: string, text: string, author: string, 
/**
 * ISO 8601, UTC.
 */
created_at: string, };

/**
 * `GET /api/storage`
 */
export type StorageInfo = { 
/**
 * Days that an ended run is kept; 0: as long as there is room.
 */
keep_days: number, 
/**
 * Of the database's file.
 */
used_bytes: number, 
/**
 * The most that it may have; the oldest runs make room.
 */
limit_bytes: number, 
/**
 * Recorded runs, without the copies behind links.
 */
runs: number, 
/**
 * Runs that are kept whatever their age: pinned, or behind a link that is open.
 */
kept: number, 
/**
 * Runs that the next cleaning deletes; it comes once a minute.
 */
due: number, 
/**
 * ISO 8601, UTC; null without runs.
 */
oldest: string | null, };

/**
 * `POST /api/storage`
 */
export type StorageRequest = { keep_days: number, };
