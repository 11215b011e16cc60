import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExtensionContext } from 'picosocks5';
import { formatListen, isLocal, parseListen } from './address.js';
import { type Asked, Connections } from './connections.js';
import { type Answer, Endpoint, type Pages, plain } from './endpoint.js';
import { CONTENT_TYPES, expose, formatFor } from './exposition.js';
import { build, FAMILIES } from './families.js';
import { Fleet } from './fleet.js';
import { addProcess, watchLag } from './process.js';
import { type Snapshot, Store } from './store.js';

/** Called by the server. With several processes each counts, and the first one answers for all. */
export async function activate(context: ExtensionContext): Promise<void> {
  const metrics = new Metrics(context, await versionOf(context.extensionPath));
  context.subscriptions.push({ dispose: () => metrics.stop() });
  await metrics.configure();
  context.configuration.onDidChange(() => metrics.configure());
}

class Metrics {
  readonly #context: ExtensionContext;
  readonly #version: string;
  readonly #store = new Store();
  readonly #connections: Connections;
  readonly #fleet: Fleet;
  readonly #pages: Pages;
  #endpoint: Endpoint | undefined;
  /** Ends counting. */
  #running: (() => void) | undefined;

  constructor(context: ExtensionContext, version: string) {
    this.#context = context;
    this.#version = version;
    this.#connections = new Connections(this.#store, this.#asked, this.#limit);
    const collect = () => this.#collect();
    const warn = (message: string) => context.log.warn(message);
    this.#fleet = new Fleet(context.workers, collect, this.#connections.bound, warn);
    this.#pages = {
      '/metrics': ({ headers }) => this.#tell(headers.accept ?? ''),
      '/healthz': () => (context.server.isStopping ? plain(503, 'stopping') : plain(200, 'ok')),
    };
  }

  get #asked(): readonly Asked[] {
    return [...(this.#context.configuration.get<readonly Asked[]>('metrics.labels') ?? [])];
  }

  get #limit(): number {
    return this.#context.configuration.get<number>('metrics.labelValues') ?? 100;
  }

  /** Takes the settings as they are now. @throws {Error} if it cannot listen: all is as it was. */
  async configure(): Promise<void> {
    const { configuration, workers } = this.#context;
    const text = configuration.get<string>('metrics.listen');
    const listen = text === undefined ? undefined : parseListen(text);
    if (workers.number === 1) await this.#moveTo(text);
    this.#connections.asked = this.#asked;
    this.#connections.limit = this.#limit;
    if (listen === undefined) this.#pause();
    else this.#running ??= this.#count();
  }

  /** Ends all of it. */
  stop(): void {
    this.#pause();
    this.#endpoint?.close();
    this.#endpoint = undefined;
  }

  async #moveTo(text: string | undefined): Promise<void> {
    const before = this.#endpoint;
    const listen = text === undefined ? undefined : parseListen(text);
    const isSame = before !== undefined && listen !== undefined;
    if (isSame && formatListen(before.listen) === formatListen(listen)) return;
    this.#endpoint = listen && (await Endpoint.open(this.#context.server, listen, this.#pages));
    before?.close();
    if (this.#endpoint === undefined || listen === undefined) return;
    const { log } = this.#context;
    log.info(`metrics at ${formatListen(this.#endpoint.address)}`);
    if (isLocal(listen)) return;
    log.warn(
      `metrics.listen: whoever reaches ${formatListen(this.#endpoint.address)} reads the metrics, ` +
        'which no password protects: expected 127.0.0.1, [::1] or unix:PATH, or a firewall',
    );
  }

  #count(): () => void {
    const sink = this.#context.registries.eventSinks.register(this.#connections);
    const unwatch = watchLag(this.#store);
    const leave = this.#fleet.start();
    return () => {
      leave();
      unwatch();
      sink.dispose();
      this.#connections.pause();
    };
  }

  #pause(): void {
    this.#running?.();
    this.#running = undefined;
  }

  /** What this process has counted so far, and what it is like now. */
  async #collect(): Promise<Snapshot> {
    const now = new Store();
    await addProcess(now);
    const { server, workers } = this.#context;
    // In one go: what a connection has moved is told of it while it is there, or afterwards.
    this.#connections.addActive(server.sums(this.#connections.keys), now);
    if (workers.number === 1) now.add(build, [this.#version]);
    for (const family of FAMILIES) {
      for (const [labels, value] of this.#store.series(family)) now.add(family, labels, value);
    }
    return now.snapshot();
  }

  async #tell(accept: string): Promise<Answer> {
    const format = formatFor(accept);
    const text = expose(FAMILIES, await this.#fleet.sum(), format);
    return { status: 200, type: CONTENT_TYPES[format], text };
  }
}

async function versionOf(folder: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  return version;
}
