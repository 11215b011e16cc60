import { mkdirSync } from 'node:fs';
import type { Server } from 'node:net';
import { isAbsolute, join } from 'node:path';
import { formatWithOptions } from 'node:util';
import { monotonic } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';
import { didYouMean } from '../base/guess.js';
import type { ConnectionInfo, ServerEvent } from '../log/events.js';
import type { ConnectionSum, SumKey } from '../log/sums.js';
import type {
  ExtensionContext,
  ExtensionLog,
  ExtensionRegistry,
  HelperOptions,
  ListenPlace,
  ViewHandle,
  ViewProvider,
} from './api.js';
import type { Extension } from './extension.js';
import { type HelperForker, startHelper } from './helper.js';
import type { Point } from './manifest.js';
import { type WorkerParts, workersOf } from './messaging.js';
import { giver } from './slots/sinks.js';
import { facade, view } from './views.js';

/** The server, as extensions have it. */
export interface ServerParts {
  connections(): ConnectionInfo[];
  sums(by: readonly SumKey[]): ConnectionSum[];
  readonly isStopping: boolean;
  disconnect(id: number): boolean;
  reload(): Promise<void>;
  onEvent(listener: (event: ServerEvent) => void): Disposable;
  listen(server: Server, place: ListenPlace, owner: string): Promise<void>;
  readonly workers: WorkerParts;
}

/** What a context has from the host. */
export interface ContextParts {
  readonly server: ServerParts;
  readonly points: readonly Point[];
  /** How a process of a helper is started, if not as Node does it. */
  readonly forkHelper: HelperForker | undefined;
  /** Where extensions keep what is theirs. */
  readonly storage: string;
  register(point: Point, item: unknown): Disposable;
  registerCommand(id: string, run: (...args: string[]) => unknown): Disposable;
  registerView(id: string, provider: ViewProvider): ViewHandle;
  /** Whether the server is being started or reloaded, on which an extension cannot wait. */
  isChanging(): boolean;
  log(level: keyof ExtensionLog, message: string): void;
}

/** How what is no text is shown. */
const IN_ONE_LINE = { breakLength: Number.POSITIVE_INFINITY } as const;

/** Characters that an extension may log in a second; the rest is left out, and counted. */
const LOG_RATE = 256 * 1024;

/** What an extension is given: nothing of it can be changed, and nothing leads into the server. */
export function contextOf(extension: Extension, parts: ContextParts): ExtensionContext {
  const { manifest, configuration, secrets, outside } = extension;
  const { server } = parts;
  const registries = Object.fromEntries(
    parts.points.map((point): [Point, ExtensionRegistry<unknown>] => [
      point,
      facade({ register: (item: unknown) => parts.register(point, item) }),
    ]),
  );
  return facade<ExtensionContext>({
    subscriptions: extension.subscriptions,
    registries: facade(registries) as unknown as ExtensionContext['registries'],
    configuration: facade({
      get: (key: string) => view(configuration.get(String(key))) as never,
      onDidChange: (listener: (keys: readonly string[]) => void | Promise<void>) => {
        demandFunction(listener);
        const told = configuration.onDidChange((keys) => extension.run(() => listener(keys)));
        return extension.keep(() => told.dispose());
      },
    }),
    secrets: facade({ get: (key: string) => secrets.get(String(key)) }),
    log: logOf(extension, parts),
    server: facade({
      connections: () => outside(() => view(server.connections())),
      sums: (by: readonly SumKey[] = []) => outside(() => view(server.sums([...by]))),
      get isStopping() {
        return server.isStopping;
      },
      disconnect: (id: number) => outside(() => server.disconnect(id)),
      async reload() {
        if (!parts.isChanging()) return outside(() => server.reload());
        throw new Error('the server is being started or reloaded: it cannot be waited for');
      },
      onEvent: (listener: (event: ServerEvent) => void) => {
        demandFunction(listener);
        const give = giver((event) => extension.run(() => listener(event)));
        const listening = outside(() => server.onEvent(give));
        return extension.keep(() => listening.dispose());
      },
      async listen(other: Server, place: ListenPlace) {
        await outside(() => server.listen(other, checkedPlace(place), manifest.name));
      },
    }),
    commands: facade({ register: parts.registerCommand }),
    views: facade({ register: parts.registerView }),
    storagePath: storageOf(join(parts.storage, manifest.name)),
    extensionPath: manifest.folder,
    workers: workersOf(extension, server.workers),
    startHelper: (file: string, options?: HelperOptions) => {
      const helper = startHelper(manifest.folder, String(file), options, parts.forkHelper);
      const kept = extension.keep(() => helper.dispose());
      return facade({
        ask: (question: unknown) => helper.ask(question),
        dispose: () => kept.dispose(),
      });
    },
  });
}

/** A folder that is made if that is possible: an extension that needs it says what is wrong. */
function storageOf(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    // As it may be for a service whose user has no home.
  }
  return folder;
}

function logOf(extension: Extension, { log }: ContextParts): ExtensionLog {
  let second = monotonic();
  let written = 0;
  let dropped = 0;
  const shown = (value: unknown) => (value instanceof Error ? extension.describe(value) : value);
  const write =
    (level: keyof ExtensionLog) =>
    (...message: unknown[]) => {
      if (extension.isSilent) return;
      const text = extension.words(formatWithOptions(IN_ONE_LINE, ...message.map(shown)));
      const now = monotonic();
      if (now - second >= 1000) {
        if (dropped > 0) log('warn', `${dropped} lines were left out: too many in a second`);
        second = now;
        written = dropped = 0;
      }
      written += text.length;
      if (written > LOG_RATE) dropped++;
      else extension.outside(() => log(level, text));
    };
  return facade({
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  });
}

function demandFunction(value: unknown): void {
  if (typeof value !== 'function')
    throw new TypeError(`expected a function, not a ${typeof value}`);
}

/**
 * The error for what an extension registers and package.json does not contribute.
 *
 * @param what such as `the command "ldap.test"`.
 */
export function notContributed(
  extension: Extension,
  what: string,
  id: string,
  list: string,
  known: readonly string[],
): Error {
  const hint = didYouMean(id, known) || `; expected it in contributes.${list}`;
  return extension.wrong(
    `it registers ${extension.words(what)}, which its package.json does not contribute${hint}`,
  );
}

/** @throws {Error} if it is no place where a server can listen. */
function checkedPlace(place: ListenPlace): ListenPlace {
  if ('path' in place) {
    const { path, mode = 0o600 } = place;
    if (typeof path === 'string' && isAbsolute(path) && Number.isInteger(mode))
      return { path, mode };
  } else {
    const { host, port } = place;
    const isPort = Number.isInteger(port) && port >= 0 && port <= 65535;
    if (typeof host === 'string' && host !== '' && isPort) return { host, port };
  }
  throw new Error(
    'expected { host, port } with a port of at most 65535, or { path } of a whole path',
  );
}
