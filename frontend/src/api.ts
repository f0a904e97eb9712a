// Every HTTP call of the page. Sends the secret half of the session; the cookie goes along by itself.
import { storedSecret } from './credentials';
import type { CheckAnswer, Diagnostic, Example, HostInfo, LanguageInfo, LoginAnswer, RunInfo } from './protocol';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly diagnostics: readonly Diagnostic[] = [],
  ) {
    super(message);
  }

  /** The session is unknown to the server: expired, or the server does not know it any more. */
  get signedOut(): boolean {
    return this.status === 401;
  }
}

export const api = {
  loginWithToken: (token: string) => post<LoginAnswer>('/api/login', { token }),
  loginWithView: (run: string, view: string) => post<LoginAnswer>('/api/login', { run, view }),
  host: () => get<HostInfo>('/api/host'),
  language: () => get<LanguageInfo>('/api/language'),
  examples: () => get<unknown>('/api/examples').then((answer) => list<Example>(answer, 'examples')),
  runs: () => get<unknown>('/api/runs').then((answer) => list<RunInfo>(answer, 'runs')),
  run: (id: string) => get<RunInfo>(`/api/runs/${encodeURIComponent(id)}`),
  stop: (id: string) => post<unknown>(`/api/runs/${encodeURIComponent(id)}/stop`, {}),
  check: (source: string, parameters: readonly string[], signal?: AbortSignal) =>
    post<CheckAnswer>('/api/check', { source, parameters }, signal),
  start: (source: string, parameters: readonly string[], title?: string) =>
    post<{ id: string }>('/api/runs', { source, parameters, ...(title ? { title } : {}), idempotency_key: crypto.randomUUID() }),
  text: async (path: string, signal?: AbortSignal) => (await call(path, { method: 'GET' }, signal)).text(),
};

/** Both `[..]` and `{name: [..]}` are lists. */
function list<T>(answer: unknown, name: string): T[] {
  if (Array.isArray(answer)) return answer as T[];
  const inner = (answer as Record<string, unknown> | null)?.[name];
  return Array.isArray(inner) ? (inner as T[]) : [];
}

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

/** The server's own sentence when it sent one. */
async function refusal(answer: Response): Promise<ApiError> {
  const text = await answer.text().catch(() => '');
  try {
    const body = JSON.parse(text) as { message?: unknown; error?: unknown; diagnostics?: unknown };
    const message = [body.message, body.error].find((part) => typeof part === 'string');
    const diagnostics = Array.isArray(body.diagnostics) ? (body.diagnostics as Diagnostic[]) : [];
    return new ApiError(answer.status, typeof message === 'string' ? message : `The server answered ${answer.status}`, diagnostics);
  } catch {
    return new ApiError(answer.status, text && text.length < 300 ? text : `The server answered ${answer.status}`);
  }
}
