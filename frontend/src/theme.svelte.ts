// Whether the page is dark now, and its tokens as colours that a canvas can use.
import { app } from './app.svelte';

class Theme {
  #system = $state(false);

  constructor() {
    const query = matchMedia('(prefers-color-scheme: dark)');
    this.#system = query.matches;
    query.addEventListener('change', () => (this.#system = query.matches));
  }

  get dark(): boolean {
    return app.theme === 'system' ? this.#system : app.theme === 'dark';
  }

  /** The computed colours of tokens. Reads `dark`, so that whoever asks is told when it changes. */
  colours<Name extends string>(names: readonly Name[]): Record<Name, string> {
    void this.dark;
    const probe = document.createElement('span');
    document.body.append(probe);
    const entries = names.map((name) => {
      probe.style.setProperty('color', `var(--${name})`);
      return [name, getComputedStyle(probe).color];
    });
    probe.remove();
    return Object.fromEntries(entries) as Record<Name, string>;
  }
}

export const theme = new Theme();
