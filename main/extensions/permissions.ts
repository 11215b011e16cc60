import { basename } from 'node:path';
import type { Manifest } from 'picosocks5';
import type { ExtensionStore, KnownExtension } from 'picosocks5/store';
import type { ExtensionSettings } from './values.js';

/**
 * Which extensions may run, as the user has said: those that are part of the app unless they are
 * disabled, installed ones as they were when they were allowed, and folders that somebody works on.
 */
export class Permissions {
  readonly #settings: ExtensionSettings;

  constructor(settings: ExtensionSettings) {
    this.#settings = settings;
  }

  /** Folders that somebody works on. */
  get folders(): readonly string[] {
    return this.#settings.extensions.folders.map(({ path }) => path);
  }

  /** Installed ones that were allowed, whether they are as they were then or not. */
  get allowed(): readonly string[] {
    return this.#settings.extensions.allowed.map(({ name }) => name);
  }

  isEnabled({ name, origin, enabled, folder, source }: KnownExtension): boolean {
    const { disabled, folders } = this.#settings.extensions;
    switch (origin) {
      case 'bundled':
        return !disabled.includes(name);
      case 'installed':
        return enabled && this.#folderOf(name) === basename(folder);
      case 'folder':
        return folders.some((one) => one.path === source && one.enabled);
    }
  }

  /** Whether one was allowed, and is another one since: it may not run, nor simply be left out. */
  isReplaced({ name, origin, enabled, folder }: KnownExtension): boolean {
    const allowed = this.#folderOf(name);
    return (
      origin === 'installed' && enabled && allowed !== undefined && allowed !== basename(folder)
    );
  }

  /** Whether the user has to be asked before one runs. */
  mustAsk({ name, origin, folder }: KnownExtension): boolean {
    return origin === 'installed' && this.#folderOf(name) !== basename(folder);
  }

  /** Whether the server may use one: a folder is named to it only if it is enabled. */
  permits({ name, folder }: Manifest, origin: KnownExtension['origin']): boolean {
    if (origin === 'folder') return true;
    if (origin === 'bundled') return !this.#settings.extensions.disabled.includes(name);
    return this.#folderOf(name) === basename(folder);
  }

  /**
   * Keeps whether one may run.
   *
   * @param store has the installed ones, for the command as well.
   * @throws {UserError} if it cannot be kept.
   */
  async set(known: KnownExtension, enabled: boolean, store: ExtensionStore): Promise<void> {
    const settings = this.#settings;
    const { name, origin, folder, source } = known;
    const { disabled, allowed, folders } = settings.extensions;
    switch (origin) {
      case 'bundled': {
        const others = disabled.filter((other) => other !== name);
        settings.keepExtensions({ disabled: enabled ? others : [...others, name] });
        break;
      }
      case 'installed': {
        const others = allowed.filter((one) => one.name !== name);
        const now = enabled ? [{ name, folder: basename(folder) }] : [];
        const isNew = enabled || this.isReplaced(known);
        await store.setEnabled(name, enabled);
        // Who was trusted once is not asked about again.
        if (isNew) settings.keepExtensions({ allowed: [...others, ...now] });
        break;
      }
      case 'folder':
        settings.keepExtensions({
          folders: folders.map((one) => (one.path === source ? { ...one, enabled } : one)),
        });
        break;
    }
  }

  /** Adds a folder, which is not enabled yet. */
  addFolder(path: string): void {
    const { folders } = this.#settings.extensions;
    const others = folders.filter((folder) => folder.path !== path);
    this.#settings.keepExtensions({ folders: [...others, { path, enabled: false }] });
  }

  removeFolder(path: string | undefined): void {
    const { folders } = this.#settings.extensions;
    this.#settings.keepExtensions({ folders: folders.filter((folder) => folder.path !== path) });
  }

  /** Forgets what is not installed any more. */
  keepOnly(known: readonly KnownExtension[]): void {
    const { allowed } = this.#settings.extensions;
    const left = allowed.filter(({ name }) => {
      return known.some((one) => one.name === name && one.origin !== 'bundled');
    });
    if (left.length < allowed.length) this.#settings.keepExtensions({ allowed: left });
  }

  #folderOf(name: string): string | undefined {
    return this.#settings.extensions.allowed.find((one) => one.name === name)?.folder;
  }
}
