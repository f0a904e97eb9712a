// Every HTTP call of the page. Sends the secret half of the session; the cookie goes along by itself.
import { storedSecret } from './credentials';
import type { AuditList, MetricsOfRun, NoteInfo, NoteList, NoteRequest, StorageInfo, CheckResponse, CompleteResponse, Course, ErrorBody, ExampleList, FormatResponse, History, HostInfo, LanguageInfo, LogLines, LoginResponse, Me, OnThisBox, ProbeArguments, ProbeMatches, ProbeTree, ProcessFiles, ProcessList, Role, RunCreated, RunInfo, RunList, RunRequestBody, ServerMessage, ShareCreated, ShareList, ShareRequest, UserList, UserToken } from './protocol.gen';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  /** The session is unknown to the server: expired, or the server does not know it any more. */
  get signedOut(): boolean {
    return this.status === 401;
  }
}

export const api = {
  loginWithToken: (token: string) => post<LoginResponse>('/api/login', { token }),
  loginWithView: (run: string, view: string) => post<LoginResponse>('/api/login', { run, view }),
  me: () => get<Me>('/api/me'),
  users: () => get<UserList>('/api/users').then((answer) => answer.users),
  putUser: (name: string, role: Role) => post<UserToken>('/api/users', { name, role }),
  removeUser: (name: string) => call(`/api/users/${encodeURIComponent(name)}`, { method: 'DELETE' }),
  shares: (run: string | null) => get<ShareList>(run === null ? '/api/shares' : `/api/runs/${encodeURIComponent(run)}/shares`).then((answer) => answer.shares),
  share: (run: string, wish: ShareRequest) => post<ShareCreated>(`/api/runs/${encodeURIComponent(run)}/shares`, wish),
  revoke: (share: string) => call(`/api/shares/${encodeURIComponent(share)}`, { method: 'DELETE' }),
  pin: (run: string, pinned: boolean) => post<unknown>(`/api/runs/${encodeURIComponent(run)}/pin`, { pinned }),
  audit: (filter: Readonly<Record<string, string>>) => get<AuditList>(`/api/audit?${new URLSearchParams(filter)}`),
  host: () => get<HostInfo>('/api/host'),
  language: () => get<LanguageInfo>('/api/language'),
  examples: () => get<ExampleList>('/api/examples').then((answer) => answer.examples),
  course: () => get<Course>('/api/course').then((answer) => answer.steps),
  box: () => get<OnThisBox>('/api/box'),
  runs: () => get<RunList>('/api/runs').then((answer) => answer.runs),
  run: (id: string) => get<RunInfo>(`/api/runs/${encodeURIComponent(id)}`),
  stop: (id: string) => post<unknown>(`/api/runs/${encodeURIComponent(id)}/stop`, {}),
  check: (source: string, parameters: readonly string[], signal?: AbortSignal) =>
    post<CheckResponse>('/api/check', { source, parameters }, signal),
  complete: (source: string, offset: number, parameters: readonly string[]) => post<CompleteResponse>('/api/complete', { source, offset, parameters }),
  format: (source: string) => post<FormatResponse>('/api/format', { source }).then((answer) => answer.source),
  probes: (query: string, limit: number, signal?: AbortSignal) => call(`/api/probes?${new URLSearchParams({ query: query.slice(0, 200), limit: String(limit) })}`, { method: 'GET' }, signal).then((answer) => answer.json() as Promise<ProbeMatches>),
  argumentsOf: (probe: string) => get<ProbeArguments>(`/api/probes/arguments?${new URLSearchParams({ name: probe })}`).then((answer) => answer.arguments),
  probeTree: (prefix: string) => get<ProbeTree>(`/api/probes/tree?${new URLSearchParams({ prefix })}`),
  probesOf: (path: string, pid: number | null, query: string, signal?: AbortSignal) =>
    call(`/api/probes/binary?${new URLSearchParams({ path, query: query.slice(0, 200), ...(pid === null ? {} : { pid: String(pid) }) })}`, { method: 'GET' }, signal).then((answer) => answer.json() as Promise<ProbeMatches>),
  processes: () => get<ProcessList>('/api/processes').then((answer) => answer.processes),
  filesOf: (pid: number) => get<ProcessFiles>(`/api/processes/${pid}/files`).then((answer) => answer.files),
  start: (source: string, parameters: readonly string[], title?: string) =>
    post<RunCreated>('/api/runs', { source, parameters: [...parameters], title: title ?? null, idempotency_key: idempotencyKey() } satisfies RunRequestBody),
  notes: (run: string) => get<NoteList>(`/api/runs/${encodeURIComponent(run)}/notes`).then((answer) => answer.notes),
  addNote: (run: string, note: NoteRequest) => post<NoteInfo>(`/api/runs/${encodeURIComponent(run)}/notes`, note),
  removeNote: (run: string, note: number) => call(`/api/runs/${encodeURIComponent(run)}/notes/${note}`, { method: 'DELETE' }),
  metrics: (run: string) => get<MetricsOfRun>(`/api/runs/${encodeURIComponent(run)}/metrics`).then((answer) => answer.maps),
  expose: (run: string, map: string, exposed: boolean) => post<unknown>(`/api/runs/${encodeURIComponent(run)}/metrics`, { map, exposed }),
  storage: () => get<StorageInfo>('/api/storage'),
  keepRuns: (days: number) => post<StorageInfo>('/api/storage', { keep_days: days }),
  history: (id: string) => get<History>(`/api/runs/${encodeURIComponent(id)}/history`),
  lines: (id: string, before: number, pattern: string, signal?: AbortSignal) => call(`/api/runs/${encodeURIComponent(id)}/lines?before=${before}&pattern=${encodeURIComponent(pattern)}`, { method: 'GET' }, signal).then((answer) => answer.json() as Promise<LogLines>),
  at: (id: string, ms: number, signal?: AbortSignal) => call(`/api/runs/${encodeURIComponent(id)}/at?ms=${Math.round(ms)}`, { method: 'GET' }, signal).then((answer) => answer.json() as Promise<ServerMessage>),
  importFile: (name: string, file: Blob) => call(`/api/import?${new URLSearchParams({ name: name.slice(0, 120) })}`, { method: 'POST', body: file }).then((answer) => answer.json() as Promise<RunCreated>),
  file: (path: string) => call(path, { method: 'GET' }).then((answer) => answer.blob()),
  json: <T>(path: string) => get<T>(path),
};

async function get<T>(path: string): Promise<T> {
  return (await call(path, { method: 'GET' })).json() as Promise<T>;
}

async function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await call(path, init, signal);
  const text = await answer.text();
  return (text ? JSON.parse(text) : {}) as T;
}

async function call(path: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  const headers = new Headers(init.headers);
  const secret = storedSecret();
  if (secret) headers.set('Authorization', `Bearer ${secret}`);
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, headers, credentials: 'same-origin', cache: 'no-store', ...(signal ? { signal } : {}) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'The server does not answer');
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

/** One press of Run is one run, however often the request is repeated. */
function idempotencyKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The server's own sentence when it sent one. */
async function refusal(answer: Response): Promise<ApiError> {
  const text = await answer.text().catch(() => '');
  try {
    const body = JSON.parse(text) as Partial<ErrorBody>;
    return new ApiError(answer.status, body.message ?? `The server answered ${answer.status}`);
  } catch {
    return new ApiError(answer.status, text && text.length < 300 ? text : `The server answered ${answer.status}`);
  }
}
