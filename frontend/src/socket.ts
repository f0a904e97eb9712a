// One WebSocket: says hello, hands on messages, comes back after a loss and resumes by sequence number.
import { backoff } from './lib/backoff';
import type { ClientMessage, ServerMessage } from './protocol.gen';

export type SocketStatus =
  | { readonly state: 'connecting' }
  | { readonly state: 'open' }
  /** The server let this page go, which had read nothing for so many seconds. It comes back when it is asked to. */
  | { readonly state: 'evicted'; readonly seconds: number }
  | { readonly state: 'reconnecting'; readonly attempt: number; readonly retryAtMs: number };

export interface SocketOptions {
  readonly url: string;
  readonly run: string;
  readonly secret: () => string;
  /** Where a reconnect goes on; asked each time. */
  readonly after: () => number;
  readonly onMessage: (message: ServerMessage) => void;
  readonly onStatus: (status: SocketStatus) => void;
  /** Asked after a connection that never opened or was refused; false ends the attempts. */
  readonly mayRetry: () => Promise<boolean>;
}

export class RunSocket {
  readonly #options: SocketOptions;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #attempt = 0;
  #closed = false;
  #evicted = false;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#options.onStatus({ state: 'connecting' });
    this.#connect();
  }

  send(message: ClientMessage): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Ends this connection for good. */
  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = null;
  }

  /** Tries now instead of at the end of the wait, or again after the server let the page go. */
  retryNow(): void {
    if (this.#evicted) {
      this.#evicted = false;
      this.#options.onStatus({ state: 'connecting' });
    } else if (this.#timer === null) return;
    else clearTimeout(this.#timer);
    this.#timer = null;
    this.#connect();
  }

  #connect(): void {
    const socket = new WebSocket(this.#options.url);
    this.#socket = socket;
    let answered = false;
    socket.addEventListener('open', () => {
      const { run, secret, after } = this.#options;
      this.send({ type: 'hello', secret: secret(), run, after: after() });
    });
    socket.addEventListener('message', (event) => {
      const message = parseMessage(event.data);
      if (this.#closed || message === null) return;
      if (message.type === 'evicted') {
        // Whatever made the page too slow may still be there: it does not come back by itself.
        this.#evicted = true;
        this.#options.onStatus({ state: 'evicted', seconds: message.seconds });
      } else if (!answered && message.type !== 'error') {
        answered = true;
        this.#attempt = 0;
        this.#options.onStatus({ state: 'open' });
      }
      this.#options.onMessage(message);
    });
    socket.addEventListener('close', () => {
      if (this.#closed || this.#evicted || this.#socket !== socket) return;
      void this.#reconnect(answered);
    });
  }

  async #reconnect(answered: boolean): Promise<void> {
    const wait = backoff(this.#attempt, Math.random());
    this.#attempt += 1;
    this.#options.onStatus({ state: 'reconnecting', attempt: this.#attempt, retryAtMs: Date.now() + wait });
    if (!answered && !(await this.#options.mayRetry())) return;
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#connect();
    }, wait);
  }
}

/** What is not a message of ours is left out rather than trusted. */
export function parseMessage(data: unknown): ServerMessage | null {
  if (typeof data !== 'string') return null;
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value !== 'object' || value === null) return null;
    const type = (value as { type?: unknown }).type;
    return type === 'snapshot' || type === 'update' || type === 'skipped' || type === 'evicted' || type === 'error' ? (value as ServerMessage) : null;
  } catch {
    return null;
  }
}
