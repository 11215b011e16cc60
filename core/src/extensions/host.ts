import type { Disposable } from '../base/disposable.js';
import { messageOf, UserError } from '../base/errors.js';
import { didYouMean } from '../base/guess.js';
import type { ServerEvent } from '../log/events.js';
import type { ExtensionLog } from './api.js';
import type { Catalog, ExtensionFilter } from './catalog.js';
import { ExtensionChange } from './change.js';
import { contextOf, notContributed, type ServerParts } from './context.js';
import { DevelopmentWatch } from './development.js';
import { Extension, guards } from './extension.js';
import type { HelperForker } from './helper.js';
import { loadCode, prepareFor } from './loader.js';
import type { Manifest, Point, ViewContribution } from './manifest.js';
import {
  type Asked,
  demandTrustIn,
  type ExtensionOptions,
  type Plan,
  type Planned,
  planExtensions,
  planOf,
} from './plan.js';
import type { Registries } from './registries.js';
import { type SecretProvider, Secrets } from './secrets.js';
import { ShownViews } from './shownviews.js';
import { has, type Item, makeSlot, pointNames } from './slots/slots.js';
import type { ShownView } from './viewcontent.js';
import { facade } from './views.js';

/** What extensions need of the server that has them. */
export interface HostOptions {
  readonly registries: Registries;
  readonly server: ServerParts;
  /** Whether anybody is served, who would wait for what an extension does. */
  isServing(): boolean;
  emit(event: ServerEvent): void;
  /** Which extensions may be used: what it is false for counts as disabled. */
  readonly permits?: ExtensionFilter | undefined;
  /** How a process of a helper is started, if not as Node does it. */
  readonly forkHelper?: HelperForker | undefined;
  /** Finds secrets before the environment and files are asked. */
  readonly secrets?: SecretProvider | undefined;
  /** Reads a file where that is not up to this process alone. */
  readonly readFile?: ((file: string) => Promise<Buffer>) | undefined;
  /** The number of the user that the process will be when extensions run. */
  readonly user?: number | undefined;
}

/** An extension, as others see it. */
export interface ExtensionInfo {
  readonly manifest: Manifest;
  readonly origin: 'bundled' | 'installed' | 'folder';
  readonly state: 'inactive' | 'starting' | 'active' | 'off' | 'failed' | 'disabled';
  /** What went wrong last. */
  readonly error: string | undefined;
}

/** A command of an extension. */
export interface ExtensionCommand {
  readonly id: string;
  readonly title: string;
  /** The extension's name. */
  readonly extension: string;
  readonly tray: boolean;
}

/** A view of an extension. */
export interface ExtensionView extends ViewContribution {
  /** The extension's name. */
  readonly extension: string;
}

/** What an extension has registered, and whether the server has it already. */
export interface Registration {
  readonly extension: Extension;
  readonly point: Point;
  readonly item: Item;
  live: Disposable | undefined;
}

/** What a command of an extension does. */
interface CommandOf {
  readonly extension: Extension;
  readonly id: string;
  run(...args: string[]): unknown;
}

/** All extensions of a server: which are wanted, which run, and what they have registered. */
export class ExtensionHost {
  readonly options: HostOptions;
  /** By the names of their packages. */
  readonly running = new Map<string, Extension>();
  readonly registrations = new Set<Registration>();
  readonly views = new ShownViews();
  /** Names of those that the next change activates anew, whatever their files say. */
  readonly renewed = new Set<string>();
  readonly #commands = new Set<CommandOf>();
  /** Of those that could not be activated. */
  readonly #failures = new Map<string, string>();
  /** What is in force. */
  #plan: Plan | undefined;
  /** What there is, as it was read last: known before anything is in force. */
  #catalog: Catalog | undefined;
  /** What is about to be. */
  #change: ExtensionChange | undefined;
  /** What is woken by a command, besides what the plan wants. */
  readonly #woken = new Set<string>();
  readonly #watch = new DevelopmentWatch((folder) => void this.#loadAnew(folder));

  constructor(options: HostOptions) {
    this.options = options;
  }

  get points(): readonly Point[] {
    return pointNames(this.options.registries);
  }

  /**
   * Reads what is wanted, and where it is: nothing of an extension runs.
   *
   * @throws {UserError} naming what is wrong.
   */
  async prepare(options: ExtensionOptions, asked: readonly Asked[]): Promise<ExtensionChange> {
    const { user, registries, permits } = this.options;
    const own = new Set([...this.registrations].map(({ item }) => item));
    const isOthers = (item: Item) => !own.has(item);
    const others = asked.filter(({ point, id }) => !has(registries, point, id, isOthers));
    const plan = await planExtensions(options, others, this.points, {
      ...{ user, permits },
      woken: this.#woken,
    });
    this.#catalog = plan.catalog;
    const secrets = new Map<Planned, Secrets>();
    for (const planned of plan.wanted) {
      const { secrets: provider, readFile } = this.options;
      secrets.set(planned, await Secrets.read(planned, provider, readFile));
    }
    this.#change = new ExtensionChange(this, plan, others, secrets);
    return this.#change;
  }

  /** Takes a plan that is in force from now on; undefined: the one before goes on. */
  settle(plan: Plan | undefined): void {
    this.#change = undefined;
    if (plan === undefined) return;
    this.#plan = plan;
    // One process asks for a reload, which is that of all.
    if (this.options.server.workers.number !== 1) return;
    this.#watch.set(
      new Map(
        plan.wanted.flatMap(({ manifest: { folder }, stamp }): [string, string][] =>
          stamp === undefined ? [] : [[folder, stamp]],
        ),
      ),
    );
  }

  /**
   * Activates an extension: what it registers is not the server's yet.
   *
   * @returns undefined if it could not be, and the server can be without it: it is told.
   * @throws {UserError} if it could not be, and the server cannot be without it.
   */
  async activate(
    planned: Planned,
    plan: Plan,
    secrets: Secrets,
    isFresh: boolean,
  ): Promise<Extension | undefined> {
    const { manifest } = planned;
    const extension = new Extension(planned, plan, secrets, {
      isServing: this.options.isServing,
      warn: (message) => this.warn(message),
      switchedOff: (one) => this.#dropOnlookers(one),
    });
    const context = contextOf(extension, {
      server: this.options.server,
      points: this.points,
      storage: plan.storage,
      forkHelper: this.options.forkHelper,
      register: (point, item) => this.#register(extension, point, item),
      registerCommand: (id, run) => this.#registerCommand(extension, id, run),
      registerView: (id, provider) => this.views.register(extension, id, provider),
      isChanging: () => this.#change !== undefined,
      log: (level, message) => this.#log(extension, level, message),
    });
    this.#failures.delete(manifest.name);
    try {
      prepareFor(manifest.folder);
      const { folder, main } = manifest;
      await extension.activate(() => loadCode(folder, main, planned.code, isFresh), context);
      return extension;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#failures.set(manifest.name, error.message);
      if (guards(manifest)) throw error;
      this.warn(error.message);
      return undefined;
    }
  }

  /** The files of an extension under development have changed. */
  async #loadAnew(folder: string): Promise<void> {
    const planned = this.#plan?.wanted.find(({ manifest }) => manifest.folder === folder);
    const { name = '', short } = planned?.manifest ?? {};
    const tell = (type: 'info' | 'error', message: string) =>
      this.options.emit({ type, time: Date.now(), message, extension: short ?? '' });
    tell('info', `the files of the extension "${name}" have changed: it is loaded anew`);
    try {
      await this.options.server.reload();
    } catch (error) {
      tell('error', `the extension "${name}" goes on as it was: ${messageOf(error)}`);
    }
  }

  /** Deactivates all. */
  async close(): Promise<void> {
    this.#watch.close();
    const running = [...this.running.values()];
    this.running.clear();
    this.views.dispose();
    await Promise.all(running.map((extension) => extension.end()));
  }

  /** All that there are. */
  list(): ExtensionInfo[] {
    const { found } = this.#plan?.catalog ?? this.#catalog ?? { found: [] };
    return found.map(({ manifest, origin, enabled }) => {
      const running = this.running.get(manifest.name);
      const failure = this.#failures.get(manifest.name);
      const state = running?.state ?? (failure === undefined ? 'inactive' : 'failed');
      return {
        manifest,
        origin,
        state: enabled ? (state === 'ended' ? 'inactive' : state) : 'disabled',
        error: running?.lastError ?? failure,
      };
    });
  }

  /** The commands of those that are enabled: of an extension that does not run, it wakes. */
  commands(): ExtensionCommand[] {
    const found = this.#plan?.catalog.found.filter(({ enabled }) => enabled) ?? [];
    return found.flatMap(({ manifest: { name, commands } }) =>
      commands.map(({ command, title, tray }) => ({ id: command, title, extension: name, tray })),
    );
  }

  /**
   * Does what a command is for, whose extension is activated for that if it does not run.
   *
   * @throws {UserError} if there is no such command, or its extension cannot be activated.
   */
  async run(id: string, args: readonly string[]): Promise<unknown> {
    const known = this.commands().find((one) => one.id === id);
    if (known === undefined) {
      const ids = this.commands().map((one) => one.id);
      const hint = didYouMean(id, ids) || `; expected one of ${ids.join(', ') || 'none'}`;
      throw new UserError(`there is no command "${id}"${hint}`);
    }
    const extension = await this.#awake(known.extension);
    const command = [...this.#commands].find((one) => one.id === id && one.extension === extension);
    if (extension?.isOff) {
      throw new UserError(
        `${id}: the extension "${known.extension}" is switched off: ${extension.lastError}`,
      );
    }
    if (command === undefined || extension === undefined) {
      throw new UserError(`the extension "${known.extension}" has not registered "${id}"`);
    }
    try {
      return await extension.run(() => command.run(...args));
    } catch (error) {
      throw new UserError(`${id}: ${extension.words(error)}`, { cause: error });
    }
  }

  /** The views of those that are enabled. */
  listViews(): ExtensionView[] {
    const found = this.#plan?.catalog.found.filter(({ enabled }) => enabled) ?? [];
    return found.flatMap(({ manifest: { name, views } }) =>
      views.map((view) => ({ ...view, extension: name })),
    );
  }

  /**
   * What a view shows now; its extension is activated for that if it does not run. An item of the
   * status bar wakes nobody.
   *
   * @returns undefined if it has nothing to show.
   * @throws {UserError} if there is no such view, or its extension does not say.
   */
  async viewContent(id: string): Promise<ShownView | undefined> {
    const { extension: name, kind } = this.#viewOf(id);
    const extension = kind === 'status' ? this.running.get(name) : await this.#awake(name);
    if (extension === undefined || extension.isOff) return undefined;
    return this.views.has(extension, id) ? this.views.content(extension, id) : undefined;
  }

  /**
   * Hands over what was filled into a form.
   *
   * @returns what the extension has to say to that.
   * @throws {UserError} if there is no such form, or the extension does not take it.
   */
  async submitView(id: string, values: unknown): Promise<unknown> {
    const extension = await this.#awake(this.#viewOf(id).extension);
    if (extension === undefined) throw new UserError(`the view "${id}" does nothing at present`);
    return this.views.submit(extension, id, values);
  }

  #viewOf(id: string): ExtensionView {
    const known = this.listViews();
    const found = known.find((one) => one.id === id);
    if (found !== undefined) return found;
    const ids = known.map((one) => one.id);
    throw new UserError(`there is no view "${id}"${didYouMean(id, ids)}`);
  }

  /** An extension, which is activated if it does not run. */
  async #awake(name: string): Promise<Extension | undefined> {
    if (!this.running.has(name)) await this.#wake(name);
    return this.running.get(name);
  }

  /** Activates an extension besides those that are wanted. */
  async #wake(name: string): Promise<void> {
    const plan = this.#plan;
    const found = plan?.catalog.found.find(({ manifest }) => manifest.name === name);
    if (plan === undefined || found === undefined) return;
    if (this.#change !== undefined) throw new UserError('the server is being reloaded');
    await demandTrustIn(found, this.options.user);
    const planned = await planOf(found, []);
    const { secrets: provider, readFile } = this.options;
    const secrets = await Secrets.read(planned, provider, readFile);
    const extension = await this.activate(planned, plan, secrets, false);
    if (extension === undefined) throw new UserError(this.#failures.get(name) ?? 'it failed');
    this.#woken.add(name);
    this.running.set(name, extension);
    for (const one of this.registrations) if (one.extension === extension) this.install(one);
  }

  warn(message: string): void {
    this.options.emit({ type: 'warning', time: Date.now(), message });
  }

  /** Has the server have what an extension has registered. */
  install(registration: Registration): void {
    const { point, item, extension } = registration;
    if (registration.live !== undefined) return;
    registration.live = this.#registry(point).register(item);
    if (extension.isOff) this.#dropOnlookers(extension);
  }

  #registry(point: Point): { register(item: Item): Disposable; get(id: string): unknown } {
    return this.options.registries[point] as never;
  }

  #register(extension: Extension, point: Point, given: unknown): Disposable {
    if (extension.isOff) throw extension.wrong('it is deactivated, and cannot register anything');
    const { id, item } = this.#slotOf(extension, point, given);
    for (const other of this.registrations) {
      const isSame = other.point === point && other.item.id === id;
      const goes = this.#change?.replaces(other.extension, extension) ?? false;
      if (isSame && !goes) throw extension.wrong(`"${id}" of ${point} is registered already`);
    }
    const builtIn = this.#registry(point).get(id);
    const isOthers = [...this.registrations].every((one) => one.item !== builtIn);
    if (builtIn !== undefined && isOthers) {
      throw extension.wrong(`"${id}" of ${point} is built in, and cannot be registered`);
    }
    const registration: Registration = { extension, point, item, live: undefined };
    this.registrations.add(registration);
    if (extension.state === 'active') this.install(registration);
    const kept = extension.keep(() => {
      this.registrations.delete(registration);
      registration.live?.dispose();
    });
    // Of one that is switched off, what guards stays and refuses, whatever its code does.
    return facade({
      dispose() {
        if (extension.state !== 'off') kept.dispose();
      },
    });
  }

  #slotOf(extension: Extension, point: Point, given: unknown): { id: string; item: Item } {
    if (typeof given !== 'object' || given === null) {
      throw extension.wrong(`what it registers in ${point} is a ${typeof given}, not an object`);
    }
    const id: unknown = Reflect.get(given, 'id');
    if (typeof id !== 'string') throw extension.wrong(`what it registers in ${point} has no id`);
    const known = extension.contributed(point).map((one) => one.id);
    if (!known.includes(id)) {
      throw notContributed(extension, `"${id}" in ${point}`, id, point, known);
    }
    return { id, item: makeSlot(point, id, given, extension) };
  }

  #registerCommand(
    extension: Extension,
    id: string,
    run: (...args: string[]) => unknown,
  ): Disposable {
    const known = extension.manifest.commands.map(({ command }) => command);
    if (!known.includes(id)) {
      throw notContributed(extension, `the command "${id}"`, String(id), 'commands', known);
    }
    if (typeof run !== 'function') throw extension.wrong(`the command "${id}" has no function`);
    const isTaken = [...this.#commands].some((one) => one.id === id && one.extension === extension);
    if (isTaken) throw extension.wrong(`the command "${id}" is registered already`);
    const command = { extension, id, run };
    this.#commands.add(command);
    return extension.keep(() => this.#commands.delete(command));
  }

  /** Takes back what only looks on: what guards stays, and refuses. */
  #dropOnlookers(extension: Extension): void {
    for (const registration of this.registrations) {
      if (registration.extension !== extension) continue;
      if (registration.point !== 'eventSinks') continue;
      registration.live?.dispose();
    }
  }

  #log({ short }: Extension, level: keyof ExtensionLog, message: string): void {
    const text = `${short}: ${message}`;
    const time = Date.now();
    const type = level === 'warn' ? 'warning' : level;
    this.options.emit({ type, time, message: text, extension: short });
  }
}
