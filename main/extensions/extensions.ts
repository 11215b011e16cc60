import { EventEmitter } from 'node:events';
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  type Disposable,
  type ExtensionInfo,
  type Manifest,
  messageOf,
  Sequence,
  type Server,
  type ServerOptions,
  UserError,
} from 'picosocks5';
import type { ExtensionStore, KnownExtension } from 'picosocks5/store';
import type { Dialogs } from '../desktop/dialogs.js';
import type { ContributedChange, ExtensionItem, ExtensionsState } from '../ipc/contract.js';
import type { StoredExtensions } from '../settings/file.js';
import type { Keychain } from '../users/keychain.js';
import type { CrashGuard } from './crashguard.js';
import { itemOf, settingsOf, trustQuestion } from './describe.js';
import { readReadme } from './readme.js';

/** The part of the core that installs and finds extensions: loaded when it is needed. */
type Store = typeof import('picosocks5/store');

/** Where it is kept what the user has said of extensions. */
export interface ExtensionSettings {
  readonly extensions: StoredExtensions;
  /** @throws {UserError} if it cannot be kept; nothing is changed then. */
  keepExtensions(change: Partial<StoredExtensions>): void;
}

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
  readonly server: () => ExtensionServer;
}

/** The account of a secret in the keychain: no user's name has a colon. */
function accountOf(name: string, key: string): string {
  return `extension:${name}/${key}`;
}

/**
 * The extensions of the desktop: which there are, which may run, and their settings. Those that are
 * not part of the app run once the user has said so. Emits `state` when what is shown of them is
 * another. Changes wait for each other.
 */
export class DesktopExtensions extends EventEmitter<{ state: [] }> implements Disposable {
  readonly #parts: Parts;
  #store: Store | undefined;
  #known: readonly KnownExtension[] = [];
  #problem: string | undefined;
  /** Whether none is used, since the app has failed with them. */
  #isSafe: boolean;
  /** Why the last attempts to use some failed, by their names. */
  readonly #failures = new Map<string, string>();
  /** Which secrets the keychain has, as far as it was asked. */
  readonly #secrets = new Map<string, boolean>();
  readonly #changes = new Sequence();
  /** What was shown last. */
  #shown: ExtensionsState | undefined;

  constructor(parts: Parts) {
    super();
    this.#parts = parts;
    this.#isSafe = parts.guard.isTripped;
  }

  dispose(): void {
    this.#parts.guard.close();
  }

  get isSafe(): boolean {
    return this.#isSafe;
  }

  get state(): ExtensionsState {
    const { extensions, settings } = this.#describe();
    const usable = this.#isSafe ? [] : this.#enabled;
    return {
      extensions,
      commands: usable.flatMap(({ name, commands }) =>
        commands.map(({ command, title, tray }) => ({ id: command, title, tray, extension: name })),
      ),
      views: usable.flatMap(({ name, views }) =>
        views.map(({ id, title, kind }) => ({ id, title, kind, extension: name })),
      ),
      settings,
      safeMode: this.#isSafe,
      problem: this.#problem,
    };
  }

  #describe(): { extensions: ExtensionItem[]; settings: ExtensionsState['settings'] } {
    const infos = this.#parts.server().extensions;
    const extensions = this.#known.map((known) => {
      const { name } = known;
      const info = infos.find(({ manifest }) => manifest.name === name);
      const failure = this.#failures.get(name);
      return itemOf(known, { enabled: this.#isEnabled(known), info, failure });
    });
    const { settings: values } = this.#parts.settings.extensions;
    const settings = this.#enabled.flatMap((manifest) => {
      return settingsOf(manifest, values, (key) =>
        this.#secrets.get(accountOf(manifest.name, key)),
      );
    });
    return { extensions, settings };
  }

  /** Tells if what is shown is another by now, as by what the server has done. */
  look(): void {
    const { state } = this;
    if (isDeepStrictEqual(state, this.#shown)) return;
    this.#shown = state;
    this.emit('state');
  }

  /** What the server is to have of extensions. */
  options(): Pick<ServerOptions, 'extensions' | 'settings' | 'noExtensions'> {
    if (this.#isSafe) return { noExtensions: true };
    const named = this.#known.filter((one) => one.origin !== 'bundled' && this.#isEnabled(one));
    const keys = new Set(
      this.#enabled.flatMap(({ settings }) =>
        [...settings].flatMap(([key, { secret }]) => (secret ? [] : [key])),
      ),
    );
    const { settings } = this.#parts.settings.extensions;
    return {
      extensions: named.map(({ name, origin, source }) =>
        origin === 'folder' ? (source ?? name) : name,
      ),
      settings: Object.fromEntries(Object.entries(settings).filter(([key]) => keys.has(key))),
    };
  }

  /** Gives a server what it needs to have extensions. */
  equip(server: Server): void {
    server.permits = ({ manifest: { name, folder }, origin }) => {
      const { disabled, allowed } = this.#parts.settings.extensions;
      if (this.#isSafe) return false;
      // A folder is named if it is enabled.
      if (origin === 'folder') return true;
      return origin === 'bundled' ? !disabled.includes(name) : allowed.includes(basename(folder));
    };
    server.secrets = (name, key) => this.#parts.keychain.get(accountOf(name, key));
  }

  /** Starts extensions, and notes that while it is not known whether the app survives it. */
  async guarded<T>(start: () => Promise<T>): Promise<T> {
    const { extensions = [], settings = {} } = this.options();
    if (extensions.length === 0 && Object.keys(settings).length === 0) return start();
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
        ? await dialogs.chooseFolder({ title: 'Install an extension from a folder' })
        : await dialogs.chooseFile({
            title: 'Install an extension from a .tgz',
            filters: [{ name: 'Extensions', extensions: ['tgz', 'gz'] }],
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
    const { dialogs, settings } = this.#parts;
    const path = await dialogs.chooseFolder({ title: 'Load a development folder' });
    if (path === undefined) return;
    await this.#next(async () => {
      const { folders } = settings.extensions;
      const { listExtensions } = await this.#load();
      const known = (await listExtensions([path])).find(({ source }) => source === path);
      if (known?.manifest === undefined) throw new UserError(known?.error ?? `"${path}" is none`);
      if (!(await this.#asks(known, known.manifest))) return;
      const others = folders.filter((folder) => folder.path !== path);
      settings.keepExtensions({ folders: [...others, { path, enabled: false }] });
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
        throw new UserError('It is part of PicoSOCKS5; it can be disabled.');
      }
      await this.#setEnabled(known, false);
      await this.#apply();
      await this.#forget(known, manifest);
      if (origin === 'installed') await (await this.#open()).remove(name);
      else {
        const { folders } = this.#parts.settings.extensions;
        this.#parts.settings.keepExtensions({
          folders: folders.filter(({ path }) => path !== source),
        });
      }
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

  /** @throws {UserError} saying what is wrong with a value. */
  async check({ key, value }: ContributedChange): Promise<void> {
    const { checkSetting } = await this.#load();
    const schema = this.#ownerOf(key).settings.get(key);
    if (schema === undefined || schema.secret) throw new UserError(`"${key}" is a secret`);
    checkSetting(schema, value);
  }

  /** @throws {UserError} if a value cannot be used: then the one before is kept. */
  set(change: ContributedChange): Promise<void> {
    return this.#next(async () => {
      await this.check(change);
      const { key, value } = change;
      const { settings } = this.#parts.settings.extensions;
      const { [key]: _before, ...others } = settings;
      const isDefault = isDeepStrictEqual(this.#ownerOf(key).settings.get(key)?.default, value);
      await this.#keepSettings(isDefault ? others : { ...others, [key]: value });
    });
  }

  /** @throws {UserError} if the extension does not take it back, or the keychain cannot be used. */
  reset(key: string): Promise<void> {
    return this.#next(async () => {
      const manifest = this.#ownerOf(key);
      if (manifest.settings.get(key)?.secret === true) {
        const account = accountOf(manifest.name, key);
        await this.#parts.keychain.delete(account);
        this.#secrets.set(account, false);
        await this.#renewIfActive(manifest.name);
      } else {
        const { [key]: _before, ...others } = this.#parts.settings.extensions.settings;
        await this.#keepSettings(others);
      }
    });
  }

  /** @throws {UserError} if there is no such secret, or the keychain cannot be used. */
  setSecret(key: string, secret: string): Promise<void> {
    return this.#next(async () => {
      const manifest = this.#ownerOf(key);
      if (manifest.settings.get(key)?.secret !== true) throw new UserError(`"${key}" is no secret`);
      const account = accountOf(manifest.name, key);
      await this.#parts.keychain.set(account, secret);
      this.#secrets.set(account, true);
      await this.#renewIfActive(manifest.name);
    });
  }

  async #renewIfActive(name: string): Promise<void> {
    const { extensions, renew } = this.#server;
    const info = extensions.find(({ manifest }) => manifest.name === name);
    if (info !== undefined && info.state !== 'inactive') await renew(name);
  }

  get #server() {
    const server = this.#parts.server();
    return { extensions: server.extensions, renew: (name: string) => server.renew(name) };
  }

  /** Keeps settings, if the server takes them. */
  async #keepSettings(values: StoredExtensions['settings']): Promise<void> {
    const { settings } = this.#parts;
    const { settings: before } = settings.extensions;
    settings.keepExtensions({ settings: values });
    try {
      await this.#apply();
    } catch (error) {
      settings.keepExtensions({ settings: before });
      throw error;
    }
  }

  /** The manifests of those that may be used. */
  get #enabled(): Manifest[] {
    return this.#known.flatMap((known) =>
      known.manifest !== undefined && this.#isEnabled(known) ? [known.manifest] : [],
    );
  }

  #isEnabled({ name, origin, enabled, folder, source }: KnownExtension): boolean {
    const { disabled, allowed, folders } = this.#parts.settings.extensions;
    switch (origin) {
      case 'bundled':
        return !disabled.includes(name);
      case 'installed':
        return enabled && allowed.includes(basename(folder));
      case 'folder':
        return folders.some((one) => one.path === source && one.enabled);
    }
  }

  /** Whether one may run: whoever is asked for the first time is the user. */
  async #mayRun(known: KnownExtension): Promise<boolean> {
    const { manifest, origin, folder, error } = known;
    if (manifest === undefined) throw new UserError(error ?? `"${known.name}" cannot be used`);
    const { allowed } = this.#parts.settings.extensions;
    const wasAsked = origin !== 'installed' || allowed.includes(basename(folder));
    return wasAsked || this.#asks(known, manifest);
  }

  async #asks(known: KnownExtension, manifest: Manifest): Promise<boolean> {
    const { message, detail } = trustQuestion(known, manifest);
    const answer = await this.#parts.dialogs.ask({
      type: 'warning',
      message,
      detail,
      buttons: ['Enable', 'Cancel'],
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
    const { settings } = this.#parts;
    const { name, origin, folder, source } = known;
    const { disabled, allowed, folders } = settings.extensions;
    const add = (list: readonly string[], text: string) => [...new Set([...list, text])];
    switch (origin) {
      case 'bundled': {
        const others = disabled.filter((other) => other !== name);
        settings.keepExtensions({ disabled: enabled ? others : add(others, name) });
        break;
      }
      case 'installed':
        await (await this.#open()).setEnabled(name, enabled);
        if (enabled) settings.keepExtensions({ allowed: add(allowed, basename(folder)) });
        await this.#read();
        break;
      case 'folder':
        settings.keepExtensions({
          folders: folders.map((one) => (one.path === source ? { ...one, enabled } : one)),
        });
        break;
    }
  }

  /** Takes away what was kept for one that is removed: what it has stored itself stays. */
  async #forget({ name }: KnownExtension, manifest: Manifest | undefined): Promise<void> {
    const { settings, keychain } = this.#parts;
    const keys = [...(manifest?.settings ?? [])];
    for (const [key, { secret }] of keys) {
      if (secret) await keychain.delete(accountOf(name, key));
      this.#secrets.delete(accountOf(name, key));
    }
    const own = new Set(keys.map(([key]) => key));
    const left = Object.entries(settings.extensions.settings).filter(([key]) => !own.has(key));
    settings.keepExtensions({ settings: Object.fromEntries(left) });
  }

  async #apply(): Promise<void> {
    try {
      await this.guarded(() => this.#parts.server().apply());
    } finally {
      this.look();
    }
  }

  async #read(): Promise<void> {
    const { extensions } = this.#parts.settings;
    try {
      const { listExtensions } = await this.#load();
      this.#known = await listExtensions(extensions.folders.map(({ path }) => path));
      this.#problem = undefined;
      this.#dropOldPermissions();
    } catch (error) {
      this.#problem = messageOf(error);
    }
    this.look();
    void this.#lookForSecrets();
  }

  /** What may run is forgotten with the folder that was allowed. */
  #dropOldPermissions(): void {
    const { settings } = this.#parts;
    const { allowed } = settings.extensions;
    const there = new Set(this.#known.map(({ folder }) => basename(folder)));
    const left = allowed.filter((folder) => there.has(folder));
    if (left.length < allowed.length) settings.keepExtensions({ allowed: left });
  }

  /** Asks the keychain which secrets it has, once for each: their values are not kept here. */
  async #lookForSecrets(): Promise<void> {
    for (const { name, settings } of this.#enabled) {
      for (const [key, { secret }] of settings) {
        const account = accountOf(name, key);
        if (!secret || this.#secrets.has(account)) continue;
        const value = await this.#parts.keychain.get(account).catch(() => null);
        if (value !== null) this.#secrets.set(account, value !== undefined);
        this.look();
      }
    }
  }

  /** @throws {UserError} if there is none of that name. */
  #demand(name: string): KnownExtension {
    const known = this.#known.find((one) => one.name === name);
    if (known === undefined) throw new UserError(`There is no extension "${name}".`);
    return known;
  }

  /** @throws {UserError} if no extension that is enabled has such a setting. */
  #ownerOf(key: string): Manifest {
    const owner = this.#enabled.find(({ settings }) => settings.has(key));
    if (owner === undefined) throw new UserError(`There is no setting "${key}".`);
    return owner;
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
