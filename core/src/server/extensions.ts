import { type Disposable, toDisposable } from '../base/disposable.js';
import { UserError } from '../base/errors.js';
import { type ExtensionWishes, extensionWishes } from '../config/extensions.js';
import type { CheckedOptions } from '../config/settings.js';
import type { ExtensionFilter } from '../extensions/catalog.js';
import type { HelperForker } from '../extensions/helper.js';
import type {
  ExtensionCommand,
  ExtensionHost,
  ExtensionInfo,
  ExtensionView,
} from '../extensions/host.js';
import type { Registries } from '../extensions/registries.js';
import type { SecretProvider } from '../extensions/secrets.js';
import type { ShownView } from '../extensions/viewcontent.js';
import { listenForOther } from '../listening/otherserver.js';
import type { ConnectionInfo, EventStream, ServerEvent } from '../log/events.js';
import type { ConnectionSum, SumKey } from '../log/sums.js';
import type { Mail } from '../sharing/mail.js';
import type { Sharing } from '../sharing/sharing.js';

/** The server that has the extensions. */
export interface ExtensibleServer {
  readonly registries: Registries;
  connections(): ConnectionInfo[];
  sums(by: readonly SumKey[]): ConnectionSum[];
  readonly isServing: boolean;
  readonly isStopping: boolean;
  disconnect(id: number): boolean;
  reload(): Promise<void>;
  onEvent(listener: (event: ServerEvent) => void): Disposable;
}

/** What is about to change of the extensions, with the server: all of it, or nothing. */
export interface Change {
  /** Whether extensions run, or end, because of it. */
  readonly isEmpty: boolean;
  /** What the server will have. */
  readonly registries: Registries;
  activate(): Promise<void>;
  commit(): void;
  undo(): Promise<void>;
  finish(): Promise<void>;
}

/**
 * The extensions of a server. Nothing of what it takes to have any is loaded before one is wanted.
 */
export class Extensions {
  /** Finds secrets before the environment and files are asked. */
  secrets: SecretProvider | undefined;
  /** Which may be used; with it, commands and views of those that nobody wants can be asked for. */
  permits: ExtensionFilter | undefined;
  /** How a process of a helper is started, if not as Node does it. */
  forkHelper: HelperForker | undefined;
  /** The number of the user that the process will be when extensions run. */
  user: number | undefined;
  /** What is wanted of extensions that were not looked for yet. */
  #unlisted: ExtensionWishes | undefined;
  readonly #viewListeners = new Set<(id: string) => void>();
  readonly #server: ExtensibleServer;
  readonly #events: EventStream;
  readonly #sharing: Sharing;
  #host: ExtensionHost | undefined;

  constructor(server: ExtensibleServer, events: EventStream, sharing: Sharing) {
    this.#server = server;
    this.#events = events;
    this.#sharing = sharing;
  }

  /**
   * Finds out what options want. Nothing of an extension runs, nothing changes.
   *
   * @throws {UserError} naming what is wrong.
   */
  async prepare(options: CheckedOptions): Promise<Change> {
    const { registries } = this.#server;
    const wishes = extensionWishes(options, registries);
    const isIdle = this.#host === undefined || this.#host.running.size === 0;
    // What nobody wants is looked for when its commands and views are.
    this.#unlisted = undefined;
    if (!wishes.isAny && isIdle && this.permits !== undefined) {
      this.#unlisted = options.noExtensions ? undefined : wishes;
      return nothing(registries);
    }
    if (!wishes.isAny && this.#host === undefined) return nothing(registries);
    this.#host ??= await this.#makeHost();
    return this.#host.prepare(wishes.options, wishes.asked);
  }

  /** Whether it is known which extensions there are, as far as anybody may ask one for something. */
  get isListed(): boolean {
    return this.#unlisted === undefined;
  }

  /**
   * Looks which extensions there are, while nothing else changes.
   *
   * @throws {UserError} if that cannot be told.
   */
  async list(): Promise<void> {
    if (this.#unlisted === undefined) return;
    const { options, asked } = this.#unlisted;
    this.#host ??= await this.#makeHost();
    const change = await this.#host.prepare(options, asked);
    change.commit();
    this.#unlisted = undefined;
  }

  async #makeHost(): Promise<ExtensionHost> {
    const { ExtensionHost } = await import('../extensions/host.js');
    const { firstId, idStep, reload, readFile, mail, sockets } = this.#sharing;
    const server = this.#server;
    const listeners = new Set<(mail: Mail) => void>();
    mail.onMail = (one) => {
      for (const listener of [...listeners]) listener(one);
    };
    const host = new ExtensionHost({
      registries: server.registries,
      server: {
        connections: () => server.connections(),
        sums: (by) => server.sums(by),
        get isStopping() {
          return server.isStopping;
        },
        disconnect: (id) => server.disconnect(id),
        reload: () => reload?.() ?? server.reload(),
        onEvent: (listener) => server.onEvent(listener),
        listen: (other, place, owner) => {
          const address =
            'path' in place
              ? {
                  host: `unix:${place.path}`,
                  port: 0,
                  access: { mode: place.mode ?? 0o600, uid: undefined, gid: undefined },
                }
              : place;
          return listenForOther(other, { ...address, listener: '', owner }, sockets);
        },
        workers: {
          number: ((firstId - 1) % idStep) + 1,
          count: idStep,
          post: (one) => mail.post(one),
          onMail: (listener) => {
            listeners.add(listener);
            return toDisposable(() => listeners.delete(listener));
          },
        },
      },
      isServing: () => server.isServing,
      emit: (event) => this.#events.emit(event),
      secrets: this.secrets,
      permits: this.permits,
      forkHelper: this.forkHelper,
      user: this.user,
      readFile,
    });
    host.views.onChange((id) => {
      for (const listener of this.#viewListeners) listener(id);
    });
    return host;
  }

  get infos(): readonly ExtensionInfo[] {
    return this.#host?.list() ?? [];
  }

  commands(): readonly ExtensionCommand[] {
    return this.#host?.commands() ?? [];
  }

  /** @throws {UserError} if there is no such command, or it fails. */
  async run(id: string, args: readonly string[]): Promise<unknown> {
    if (this.#host === undefined) throw new UserError(`there is no command "${id}"`);
    return this.#host.run(id, args);
  }

  views(): readonly ExtensionView[] {
    return this.#host?.listViews() ?? [];
  }

  /** @throws {UserError} if there is no such view, or its extension does not say what it shows. */
  async viewContent(id: string): Promise<ShownView | undefined> {
    return this.#host?.viewContent(id);
  }

  /** @throws {UserError} if there is no such form, or its extension does not take that. */
  async submitView(id: string, values: unknown): Promise<unknown> {
    if (this.#host === undefined) throw new UserError(`there is no view "${id}"`);
    return this.#host.submitView(id, values);
  }

  onViewChange(listener: (id: string) => void): Disposable {
    this.#viewListeners.add(listener);
    return toDisposable(() => this.#viewListeners.delete(listener));
  }

  /** Has the next reload activate an extension anew, though its files say nothing of a change. */
  renew(name: string): void {
    this.#host?.renewed.add(name);
  }

  async close(): Promise<void> {
    await this.#host?.close();
  }
}

function nothing(registries: Registries): Change {
  const later = Promise.resolve();
  return {
    isEmpty: true,
    registries,
    activate: () => later,
    commit() {},
    undo: () => later,
    finish: () => later,
  };
}
