import { EventEmitter } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import {
  type Disposable,
  type ExtensionInfo,
  type HelperForker,
  type Manifest,
  messageOf,
  Sequence,
  type Server,
  type ServerOptions,
  UserError,
} from 'picosocks5';
import type { ExtensionStore, KnownExtension } from 'picosocks5/store';
import type { Dialogs } from '../desktop/dialogs.js';
import type { ContributedChange, ContributedCommand, ExtensionsState } from '../ipc/contract.js';
import type { Keychain } from '../users/keychain.js';
import { text } from '../words/words.js';
import type { CrashGuard } from './crashguard.js';
import { itemOf, trustQuestion } from './describe.js';
import { Permissions } from './permissions.js';
import { readReadme } from './readme.js';
import {
  inWords,
  readAllTranslations,
  readTranslations,
  type ShownManifest,
  type Translations,
  translationWarning,
} from './translations.js';
import { type ExtensionSettings, ExtensionValues } from './values.js';

/** The part of the core that installs and finds extensions: loaded when it is needed. */
type Store = typeof import('picosocks5/store');

/** The server that has the extensions, while it runs. */
export interface ExtensionServer {
  readonly extensions: readonly ExtensionInfo[];
  /** @throws {UserError} if it cannot take what is wanted; it runs on as it was. */
  apply(): Promise<void>;
  /** @throws {UserError} if an extension cannot be activated anew; all is as it was then. */
  renew(name: string): Promise<void>;
}

interface Parts {
  readonly settings: ExtensionSettings;
  readonly keychain: Pick<Keychain, 'get' | 'set' | 'delete'>;
  readonly dialogs: Pick<Dialogs, 'ask' | 'chooseFile' | 'chooseFolder'>;
  readonly guard: CrashGuard;
  readonly forkHelper: HelperForker;
  readonly server: () => ExtensionServer;
}

/**
 * The extensions of the desktop: which there are, which may run, and their settings. Those that are
 * not part of the app run once the user has said so. Emits `state` when what is shown of them is
 * another. Changes wait for each other.
 */
export class DesktopExtensions extends EventEmitter<{ state: [] }> implements Disposable {
  readonly #parts: Parts;
  readonly #permissions: Permissions;
  readonly #values: ExtensionValues;
  #store: Store | undefined;
  #known: readonly KnownExtension[] = [];
  /** What they say in other languages, by their folders. */
  #translations: ReadonlyMap<string, Translations> = new Map();
  #problem: string | undefined;
  /** Whether none is used, since the app has failed with them. */
  #isSafe: boolean;
  /** Why the last attempts to use some failed, by their names. */
  readonly #failures = new Map<string, string>();
  readonly #changes = new Sequence();
  /** What was shown last. */
  #shown: ExtensionsState | undefined;

  constructor(parts: Parts) {
    super();
    this.#parts = parts;
    this.#isSafe = parts.guard.isTripped;
    this.#permissions = new Permissions(parts.settings);
    this.#values = new ExtensionValues({
      settings: parts.settings,
      keychain: parts.keychain,
      manifests: () => this.#enabled,
      apply: () => this.#apply(),
      renew: (name) => this.#renewIfActive(name),
    });
  }

  dispose(): void {
    this.#parts.guard.close();
  }

  get isSafe(): boolean {
    return this.#isSafe;
  }

  /** The commands of those that may be used. */
  get commands(): ContributedCommand[] {
    return this.#usable.flatMap(({ name, commands }) =>
      commands.map(({ command, title, tray }) => ({ id: command, title, tray, extension: name })),
    );
  }

  /** The ids of ways out that rules can name, which those that may be used contribute. */
  get ways(): string[] {
    return this.#usable.flatMap(({ contributes }) =>
      (contributes.outbounds ?? []).filter(({ before }) => !before).map(({ id }) => id),
    );
  }

  get state(): ExtensionsState {
    const infos = this.#parts.server().extensions;
    return {
      extensions: this.#known.map((known) => {
        const { name } = known;
        const info = infos.find(({ manifest }) => manifest.name === name);
        const failure = this.#failures.get(name);
        const isReplaced = this.#permissions.isReplaced(known);
        return itemOf(this.#inWords(known), {
          enabled: this.#permissions.isEnabled(known),
          isReplaced,
          info,
          failure,
          warning: translationWarning(this.#translationsOf(known)),
        });
      }),
      commands: this.commands,
      views: this.#usable.flatMap(({ name, views }) =>
        views.map(({ id, title, kind }) => ({ id, title, kind, extension: name })),
      ),
      settings: this.#values.described,
      safeMode: this.#isSafe,
      problem: this.#problem,
    };
  }

  /** Tells if what is shown is another by now, as by what the server has done. */
  look(): void {
    const { state } = this;
    if (isDeepStrictEqual(state, this.#shown)) return;
    this.#shown = state;
    this.emit('state');
  }

  /** What the server is to have of extensions. */
  options(): Pick<ServerOptions, 'extensions' | 'extensionsDev' | 'settings' | 'noExtensions'> {
    if (this.#isSafe) return { noExtensions: true };
    const permissions = this.#permissions;
    const wanted = this.#known.filter((one) => {
      return permissions.isEnabled(one) || permissions.isReplaced(one);
    });
    const installed = wanted.filter(({ origin }) => origin === 'installed');
    const folders = wanted.filter(({ origin }) => origin === 'folder');
    return {
      // Where it cannot be told which there are, the server says so, and does without none of them.
      extensions:
        this.#problem === undefined ? installed.map(({ name }) => name) : permissions.allowed,
      extensionsDev: folders.map(({ source, folder }) => source ?? folder),
      settings: this.#values.given,
    };
  }

  /** Gives a server what it needs to have extensions. */
  equip(server: Server): void {
    server.permits = ({ manifest, origin }) => {
      return !this.#isSafe && this.#permissions.permits(manifest, origin);
    };
    server.forkHelper = this.#parts.forkHelper;
    server.secrets = (name, key) => this.#values.secret(name, key);
  }

  /** Starts extensions, and notes that while it is not known whether the app survives it. */
  async guarded<T>(start: () => Promise<T>): Promise<T> {
    const { extensions = [], extensionsDev = [], settings = {} } = this.options();
    const wanted = extensions.length + extensionsDev.length + Object.keys(settings).length;
    if (wanted === 0) return start();
    this.#parts.guard.begin();
    try {
      return await start();
    } finally {
      this.#parts.guard.end();
    }
  }

  /** Looks which there are. Never throws: the state says why that cannot be told. */
  refresh(): Promise<void> {
    return this.#next(() => this.#read());
  }

  /**
   * Lets one run, after the user has been asked if it is not part of the app.
   *
   * @throws {UserError} if it cannot be used: then it is not enabled.
   */
  enable(name: string): Promise<void> {
    return this.#next(async () => {
      if (await this.#mayRun(this.#demand(name))) await this.#enable(name);
    });
  }

  /** @throws {UserError} if the server cannot do without it, or it cannot be kept. */
  disable(name: string): Promise<void> {
    return this.#next(async () => {
      await this.#setEnabled(this.#demand(name), false);
      this.#failures.delete(name);
      await this.#apply();
    });
  }

  /**
   * Lets the user choose an extension, and installs it: it runs once the user has said so.
   *
   * @throws {UserError} if it cannot be installed, or used.
   */
  async install(from: 'folder' | 'file'): Promise<void> {
    const { dialogs } = this.#parts;
    const source =
      from === 'folder'
        ? await dialogs.chooseFolder({ title: text('extensions.installFolderTitle') })
        : await dialogs.chooseFile({
            title: text('extensions.installFileTitle'),
            filters: [{ name: text('extensions.files'), extensions: ['tgz', 'gz'] }],
          });
    if (source === undefined) return;
    await this.#next(async () => {
      const { manifest } = await (await this.#open()).install(source);
      await this.#read();
      const known = this.#demand(manifest.name);
      // Another version is another folder, which was not allowed yet.
      if (await this.#mayRun(known)) await this.#enable(known.name);
      else await this.#apply();
    });
  }

  /**
   * Lets the user choose a folder that an extension is loaded from, as it is.
   *
   * @throws {UserError} if there is none in it, or it cannot be used.
   */
  async develop(): Promise<void> {
    const { dialogs } = this.#parts;
    const path = await dialogs.chooseFolder({ title: text('extensions.developTitle') });
    if (path === undefined) return;
    await this.#next(async () => {
      const { listExtensions } = await this.#load();
      const known = (await listExtensions([path])).find(({ source }) => source === path);
      if (known?.manifest === undefined)
        throw new UserError(known?.error ?? text('extensions.isNone', { path }));
      if (!(await this.#asks(known, known.manifest))) return;
      this.#permissions.addFolder(path);
      await this.#read();
      await this.#enable(known.name);
    });
  }

  /** @throws {UserError} if it is part of the app, or the server cannot do without it. */
  remove(name: string): Promise<void> {
    return this.#next(async () => {
      const known = this.#demand(name);
      const { origin, manifest, source } = known;
      if (origin === 'bundled') {
        throw new UserError(text('extensions.isPart'));
      }
      await this.#setEnabled(known, false);
      await this.#apply();
      await this.#values.forget(name, manifest?.settings.keys() ?? []);
      if (origin === 'installed') await (await this.#open()).remove(name);
      else this.#permissions.removeFolder(source);
      await this.#read();
      await this.#apply();
    });
  }

  /** @throws {UserError} if it cannot be activated anew: then the one before goes on. */
  reload(name: string): Promise<void> {
    return this.#next(async () => {
      await this.#read();
      this.#demand(name);
      await this.#attempt(name, () => this.#parts.server().renew(name));
    });
  }

  /** Uses extensions again. @throws {UserError} if the server cannot take them. */
  resume(): Promise<void> {
    return this.#next(async () => {
      this.#isSafe = false;
      this.#parts.guard.reset();
      await this.#apply();
    });
  }

  /** What the README of one says; an empty text if it has none. */
  readme(name: string): Promise<string> {
    return readReadme(this.#demand(name).folder);
  }

  /** Whether one that may be used has a setting of that key, which is no secret. */
  hasSetting(key: string): boolean {
    return this.#usable.some(({ settings }) => settings.get(key)?.secret === false);
  }

  /** @throws {UserError} saying what is wrong with a value of a setting. */
  check(change: ContributedChange): Promise<void> {
    return this.#values.check(change);
  }

  /** @throws {UserError} if a value cannot be used: then the one before is kept. */
  set(change: ContributedChange): Promise<void> {
    return this.#next(() => this.#values.set(change));
  }

  /** Makes a setting what it was at first, or removes a secret. @throws {UserError} */
  reset(key: string): Promise<void> {
    return this.#next(() => this.#values.reset(key)).finally(() => this.look());
  }

  /** @throws {UserError} if there is no such secret, or the keychain cannot be used. */
  setSecret(key: string, secret: string): Promise<void> {
    return this.#next(() => this.#values.setSecret(key, secret)).finally(() => this.look());
  }

  /** Activates one anew, if it runs. */
  async #renewIfActive(name: string): Promise<void> {
    const server = this.#parts.server();
    const info = server.extensions.find(({ manifest }) => manifest.name === name);
    const isRunning = info !== undefined && info.state !== 'inactive';
    if (isRunning) await this.#attempt(name, () => server.renew(name));
  }

  /** The manifests of those that may be used now. */
  get #usable(): ShownManifest[] {
    return this.#isSafe ? [] : this.#enabled;
  }

  /** The manifests of those that may be used. */
  get #enabled(): ShownManifest[] {
    return this.#known.flatMap((known) => {
      const { manifest } = this.#inWords(known);
      return manifest !== undefined && this.#permissions.isEnabled(known) ? [manifest] : [];
    });
  }

  #translationsOf({ folder }: KnownExtension): Translations {
    return this.#translations.get(folder) ?? new Map();
  }

  /** One as it is told in the language in force. */
  #inWords(known: KnownExtension): KnownExtension {
    const { manifest } = known;
    if (manifest === undefined) return known;
    return { ...known, manifest: inWords(manifest, this.#translationsOf(known)) };
  }

  /** Whether one may run: whoever is asked for the first time is the user. */
  async #mayRun(known: KnownExtension): Promise<boolean> {
    const { name, manifest, error } = known;
    if (manifest === undefined) throw new UserError(error ?? text('extensions.unusable', { name }));
    return !this.#permissions.mustAsk(known) || this.#asks(known, manifest);
  }

  async #asks(known: KnownExtension, manifest: Manifest): Promise<boolean> {
    const shown = inWords(manifest, await readTranslations(known.folder));
    const { message, detail } = trustQuestion(known, shown);
    const answer = await this.#parts.dialogs.ask({
      type: 'warning',
      message,
      detail,
      buttons: [text('extensions.enable'), text('common.cancel')],
      defaultId: 1,
      cancelId: 1,
    });
    return answer === 0;
  }

  /** Enables one, or leaves all as it was if the server cannot take it. */
  async #enable(name: string): Promise<void> {
    const known = this.#demand(name);
    await this.#setEnabled(known, true);
    try {
      await this.#attempt(name, () => this.#apply());
    } catch (error) {
      await this.#setEnabled(known, false);
      this.look();
      throw error;
    }
  }

  async #attempt(name: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
      this.#failures.delete(name);
    } catch (error) {
      this.#failures.set(name, messageOf(error));
      throw error;
    } finally {
      this.look();
    }
  }

  async #setEnabled(known: KnownExtension, enabled: boolean): Promise<void> {
    await this.#permissions.set(known, enabled, await this.#open());
    await this.#read();
  }

  async #apply(): Promise<void> {
    try {
      await this.guarded(() => this.#parts.server().apply());
    } finally {
      this.look();
    }
  }

  async #read(): Promise<void> {
    try {
      const { listExtensions } = await this.#load();
      const known = await listExtensions(this.#permissions.folders);
      this.#translations = await readAllTranslations(known.map(({ folder }) => folder));
      this.#known = known;
      this.#problem = undefined;
      this.#permissions.keepOnly(this.#known);
    } catch (error) {
      this.#problem = messageOf(error);
    }
    this.look();
  }

  /** @throws {UserError} if there is none of that name. */
  #demand(name: string): KnownExtension {
    const known = this.#known.find((one) => one.name === name);
    if (known === undefined) throw new UserError(text('extensions.unknown', { name }));
    return known;
  }

  async #open(): Promise<ExtensionStore> {
    return (await this.#load()).openStore();
  }

  async #load(): Promise<Store> {
    this.#store ??= await import('picosocks5/store');
    return this.#store;
  }

  #next<T>(action: () => Promise<T>): Promise<T> {
    return this.#changes.run(action);
  }
}
