// The real server: started on a free port with a data directory of its own, and processes for it to trace.
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from './modules.mjs';

/** The binary under test, or why there is none. */
export function findBinary() {
  const target = process.env.CARGO_TARGET_DIR ?? join(repository, 'target');
  const candidates = process.env.TRACEDECK ? [process.env.TRACEDECK] : [join(target, 'release/tracedeck'), join(target, 'debug/tracedeck')];
  const path = candidates.find((candidate) => existsSync(candidate));
  if (!path) return { path: null, reason: `there is no binary at ${candidates.join(' or ')}` };
  if (process.getuid?.() !== 0) return { path: null, reason: 'tracing needs root' };
  return { path, reason: null };
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

export class Tracedeck {
  #child = null;
  #output = '';

  constructor(binary, port, folder) {
    this.binary = binary;
    this.port = port;
    this.folder = folder;
    this.origin = `http://127.0.0.1:${port}`;
  }

  static async start(binary) {
    const server = new Tracedeck(binary, await freePort(), mkdtempSync(join(tmpdir(), 'tracedeck-browser-')));
    await server.up();
    return server;
  }

  /** Starts the process and waits for the address it prints. */
  async up() {
    this.#output = '';
    const child = spawn(this.binary, ['serve', '--listen', `127.0.0.1:${this.port}`, '--data-dir', join(this.folder, 'data')], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    await new Promise((resolve, reject) => {
      const heard = (part) => {
        this.#output += part;
        if (this.#token() !== null) resolve();
      };
      child.stdout.on('data', heard);
      child.stderr.on('data', heard);
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(new Error(`tracedeck serve ended (${code ?? signal}): ${this.#output}`)));
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** All that the server has printed. */
  get output() {
    return this.#output;
  }

  #token() {
    return [...this.#output.matchAll(/#k=([\w-]+)/g)].at(-1)?.[1] ?? null;
  }

  /** A link that signs one browser in. Each works once, so a new one is asked for. */
  async signInUrl(path = '/') {
    const before = this.#used;
    if (before === this.#token()) {
      this.#child.kill('SIGUSR1');
      while (this.#token() === before) await new Promise((done) => setTimeout(done, 20));
    }
    this.#used = this.#token();
    return `${this.origin}${path}#k=${this.#used}`;
  }

  #used = null;

  /** Worker processes of the server, the warm spare among them. */
  workers() {
    return childrenOf(this.pid);
  }

  /** Ends the server; `signal` SIGKILL is a crash. */
  async down(signal = 'SIGTERM') {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.removeAllListeners('exit');
    const ended = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await ended;
  }

  async stop() {
    await this.down();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function childrenOf(parent) {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) === parent;
    } catch {
      return false;
    }
  });
}

/** A process that is busy in user code and in the kernel until it is ended. */
export function busyProcess() {
  return spawn('dd', ['if=/dev/zero', 'of=/dev/null', 'bs=64'], { stdio: 'ignore' });
}

/** A process with the given name that does one system call after the other: sleeps of 5 ms. */
export function namedProcess(name, folder) {
  const path = join(folder, name);
  copyFileSync('/bin/sleep', path);
  chmodSync(path, 0o755);
  let stopped = false;
  let child = null;
  const again = () => {
    if (stopped) return;
    child = spawn(path, ['0.05'], { stdio: 'ignore' });
    child.once('exit', again);
    child.once('error', () => (stopped = true));
  };
  again();
  return {
    kill: () => {
      stopped = true;
      child?.kill();
    },
  };
}
