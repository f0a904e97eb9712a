// Who this tab is: the secret half of the session, and the view key that a shared link brought.
// It lives in sessionStorage, which belongs to this origin and tab; the other half is a cookie that scripts cannot read.

const SECRET = 'tracedeck.secret';
const VIEW_KEY = 'tracedeck.view';
const CHANNEL = 'tracedeck.session';

export interface Grant {
  readonly kind: 'token' | 'view';
  readonly value: string;
}

/** `#k=TOKEN` (sign in) or `#v=VIEWKEY` (a shared run); anything else is no grant. */
export function grantFromFragment(fragment: string): Grant | null {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ''));
  const token = parameters.get('k');
  if (token) return { kind: 'token', value: token };
  const view = parameters.get('v');
  if (view) return { kind: 'view', value: view };
  return null;
}

export function storedSecret(): string | null {
  return sessionStorage.getItem(SECRET);
}

export function storeSecret(secret: string): void {
  sessionStorage.setItem(SECRET, secret);
}

export function forgetSecret(): void {
  sessionStorage.removeItem(SECRET);
}

export function storedViewKey(): string | null {
  return sessionStorage.getItem(VIEW_KEY);
}

export function storeViewKey(key: string): void {
  sessionStorage.setItem(VIEW_KEY, key);
}

/** Answers other tabs of this origin that ask for the secret, so that a run opened in a new tab is signed in too. */
export function lendSecret(): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener('message', (event: MessageEvent<unknown>) => {
    const secret = storedSecret();
    if (event.data === 'ask' && secret) channel.postMessage({ secret });
  });
}

/** Asks the other tabs; null when none answers within `waitMs`. One that is busy may answer later: `late` gets that. */
export function borrowSecret(waitMs: number, late: (secret: string) => void): Promise<string | null> {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel(CHANNEL);
    let waiting = true;
    const timer = setTimeout(() => {
      waiting = false;
      resolve(null);
    }, waitMs);
    channel.addEventListener('message', (event: MessageEvent<unknown>) => {
      const secret = (event.data as { secret?: unknown } | null)?.secret;
      if (typeof secret !== 'string') return;
      clearTimeout(timer);
      channel.close();
      if (waiting) resolve(secret);
      else late(secret);
    });
    channel.postMessage('ask');
  });
}
