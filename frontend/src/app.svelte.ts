// What the whole page shares: who is signed in, where the reader is, the facts about the server.
import { ApiError, api } from './api';
import {
  borrowSecret,
  forgetSecret,
  grantFromFragment,
  lendSecret,
  storedSecret,
  storedViewKey,
  storeSecret,
  storeViewKey,
} from './credentials';
import type { ExampleInfo, HostInfo, LanguageInfo, Me } from './protocol.gen';
import { parseRoute, pathOf, type Route } from './routes';

export type Session =
  | { readonly state: 'checking' }
  /** `link`: it was a share link that did not open, not this person's own address. */
  | { readonly state: 'signed-out'; readonly why: string | null; readonly link?: boolean }
  | { readonly state: 'signed-in'; readonly me: Me };

export type Theme = 'system' | 'light' | 'dark';
export const TEXT_SIZES = ['small', 'normal', 'large', 'larger'] as const;
export type TextSize = (typeof TEXT_SIZES)[number];

const THEME = 'tracedeck.theme';
const TEXT_SIZE = 'tracedeck.text';
const SCRIPT_SHOWN = 'tracedeck.script';
/** Other tabs answer within a few milliseconds; nobody who has none waits longer. */
const BORROW_WAIT_MS = 150;

class App {
  session = $state.raw<Session>({ state: 'checking' });
  route = $state.raw<Route>({ screen: 'home' });
  host = $state.raw<HostInfo | null>(null);
  language = $state.raw<LanguageInfo | null>(null);
  examples = $state.raw<readonly ExampleInfo[] | null>(null);
  theme = $state<Theme>('system');
  textSize = $state<TextSize>('normal');
  /** Whether the script is shown when a tool or a step of the course is started. */
  scriptShown = $state(false);
  keysShown = $state(false);
  paletteShown = $state(false);
  /** Read out by screen readers and shown for a moment. */
  notice = $state('');
  #noticeTimer: ReturnType<typeof setTimeout> | null = null;

  get me(): Me | null {
    return this.session.state === 'signed-in' ? this.session.me : null;
  }

  /** May run scripts. */
  get operator(): boolean {
    return this.me !== null && this.me.role !== 'viewer';
  }

  get admin(): boolean {
    return this.me?.role === 'admin';
  }

  /** Has an account, and sees all runs. */
  get member(): boolean {
    return this.me !== null && this.me.link === null;
  }

  /** Came by a link, and sees one run. */
  get guest(): boolean {
    return this.me !== null && this.me.link !== null;
  }

  /** Whether this person may stop or change what somebody began. */
  mayChange(owner: string): boolean {
    return this.admin || (this.operator && this.me?.name === owner);
  }

  async boot(): Promise<void> {
    this.#restoreTheme();
    this.#applyTextSize(TEXT_SIZES.find((size) => size === localStorage.getItem(TEXT_SIZE)) ?? 'normal');
    this.scriptShown = localStorage.getItem(SCRIPT_SHOWN) === 'true';
    this.route = parseRoute(location.pathname, location.search);
    addEventListener('popstate', () => (this.route = parseRoute(location.pathname, location.search)));
    // A link with a new token pasted into a tab that already shows the page changes only the fragment.
    addEventListener('hashchange', () => void this.#signIn());
    await this.#signIn();
  }

  go(route: Route, how: 'push' | 'replace' = 'push'): void {
    this.route = route;
    if (how === 'push') history.pushState(null, '', pathOf(route));
    else history.replaceState(null, '', pathOf(route));
  }

  /** Called when the server does not know this session; a viewer's link can sign in again by itself. */
  async signedOut(): Promise<boolean> {
    const view = storedViewKey();
    const route = this.route;
    forgetSecret();
    if (view && route.screen === 'run') return this.#loginToRun(route.id, view);
    this.session = { state: 'signed-out', why: 'This session has ended, or the server was restarted.' };
    return false;
  }

  say(text: string): void {
    this.notice = text;
    if (this.#noticeTimer !== null) clearTimeout(this.#noticeTimer);
    this.#noticeTimer = setTimeout(() => (this.notice = ''), 4000);
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    localStorage.setItem(THEME, theme);
    this.#applyTheme();
  }

  setTextSize(size: TextSize): void {
    localStorage.setItem(TEXT_SIZE, size);
    this.#applyTextSize(size);
  }

  setScriptShown(shown: boolean): void {
    this.scriptShown = shown;
    localStorage.setItem(SCRIPT_SHOWN, String(shown));
  }

  async loadExamples(): Promise<void> {
    this.examples ??= await api.examples();
  }

  async loadLanguage(): Promise<LanguageInfo | null> {
    this.language ??= await api.language().catch(() => null);
    return this.language;
  }

  async #signIn(): Promise<void> {
    const grant = grantFromFragment(location.hash);
    if (location.hash) history.replaceState(null, '', location.pathname + location.search);
    if (grant?.kind === 'token') {
      if (!(await this.#loginWithToken(grant.value))) return;
    } else {
      if (grant?.kind === 'view') storeViewKey(grant.value);
      if (!storedSecret()) {
        const borrowed = await borrowSecret(BORROW_WAIT_MS, (secret) => void this.#lent(secret));
        if (borrowed) storeSecret(borrowed);
      }
    }
    await this.#enter();
  }

  /** A tab that was busy has answered after all. */
  async #lent(secret: string): Promise<void> {
    if (storedSecret() || this.session.state !== 'signed-out') return;
    storeSecret(secret);
    await this.#enter();
  }

  async #loginWithToken(token: string): Promise<boolean> {
    try {
      const answer = await api.loginWithToken(token);
      storeSecret(answer.secret);
      return true;
    } catch (error) {
      // A reload of a used link: the session it once made may still be good.
      if (storedSecret() && error instanceof ApiError && error.status === 401) return true;
      const unreachable = error instanceof ApiError && error.status === 0;
      const why = unreachable ? 'The server does not answer.' : 'This address has been used already, or it is older than ten minutes.';
      this.session = { state: 'signed-out', why };
      return false;
    }
  }

  async #loginToRun(run: string, view: string): Promise<boolean> {
    try {
      const answer = await api.loginWithView(run, view);
      storeSecret(answer.secret);
      this.session = { state: 'signed-in', me: await api.me() };
      return true;
    } catch (error) {
      const why = error instanceof ApiError && error.status === 410 ? `${error.message}.` : error instanceof ApiError && error.status === 0 ? 'The server does not answer.' : 'This link is not known here. It may have been cut short where it was copied from.';
      this.session = { state: 'signed-out', why, link: true };
      return false;
    }
  }

  /** Proves the stored secret against the server and loads what every screen needs. */
  async #enter(): Promise<void> {
    lendSecret();
    if (!storedSecret()) {
      const view = storedViewKey();
      if (view && this.route.screen === 'run') {
        if (!(await this.#loginToRun(this.route.id, view))) return;
      } else {
        this.session = { state: 'signed-out', why: null };
        return;
      }
    }
    try {
      const [me, host] = await Promise.all([api.me(), api.host()]);
      this.host = host;
      this.session = { state: 'signed-in', me };
    } catch (error) {
      if (error instanceof ApiError && error.signedOut) {
        if (await this.signedOut()) this.host = await api.host().catch(() => null);
      } else {
        this.session = { state: 'signed-out', why: 'The server does not answer. Is it still running?' };
      }
    }
  }

  #restoreTheme(): void {
    const stored = localStorage.getItem(THEME);
    this.theme = stored === 'light' || stored === 'dark' ? stored : 'system';
    this.#applyTheme();
  }

  #applyTextSize(size: TextSize): void {
    this.textSize = size;
    if (size === 'normal') document.documentElement.removeAttribute('data-text');
    else document.documentElement.dataset['text'] = size;
  }

  #applyTheme(): void {
    if (this.theme === 'system') document.documentElement.removeAttribute('data-theme');
    else document.documentElement.dataset['theme'] = this.theme;
  }
}

export const app = new App();
