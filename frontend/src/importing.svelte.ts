// Files of other tools: the server makes a run of each, which is then looked at like any other.
import { ApiError, api } from './api';
import { app } from './app.svelte';
import { runRoute } from './routes';

class Importing {
  busy = $state(false);
  /** Why the last file was not taken. */
  problem = $state<string | null>(null);

  async take(file: File): Promise<void> {
    if (this.busy || !app.operator) return;
    this.busy = true;
    this.problem = null;
    try {
      const { id } = await api.importFile(file.name, file);
      app.go(runRoute(id));
    } catch (error) {
      if (error instanceof ApiError && error.signedOut) await app.signedOut();
      this.problem = `${file.name}: ${error instanceof Error ? error.message : String(error)}`;
      app.go({ screen: 'runs' });
    }
    this.busy = false;
  }
}

export const importing = new Importing();
