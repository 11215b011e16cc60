import { EventEmitter } from 'node:events';
import { messageOf, UserError } from 'picosocks5';
import type { UpdateChannel, UpdateState } from '../ipc/contract.js';
import { text } from '../words/words.js';

/** How often a newer version is looked for, ms. */
const PERIOD = 24 * 3600 * 1000;
/** Release notes are others' words: so many characters of them at most. */
const MAX_NOTES = 20_000;

/** A newer version, as electron-updater tells of it. */
interface Release {
  readonly version: string;
  readonly releaseNotes?: string | readonly { readonly note: string | null }[] | null;
}

/** What fetches newer versions: electron-updater's. */
export interface Updater {
  channel: string | null;
  allowPrerelease: boolean;
  allowDowngrade: boolean;
  autoDownload: boolean;
  autoInstallOnAppQuit: boolean;
  on(event: 'update-available' | 'update-downloaded', listener: (info: Release) => void): unknown;
  on(event: 'update-not-available', listener: () => void): unknown;
  on(event: 'download-progress', listener: (progress: { percent: number }) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  checkForUpdates(): Promise<unknown>;
  quitAndInstall(isSilent: boolean, isForceRunAfter: boolean): void;
}

interface Parts {
  /** Loads what fetches newer versions; undefined where nothing tells of any. */
  readonly load: () => Promise<Updater | undefined>;
  /** Ends what the app does, so that another version of it can begin. */
  readonly prepare: () => Promise<void>;
  /** Told of a version that is ready to be used. */
  readonly ready: (version: string) => void;
  /** Takes what the log is to say. */
  readonly note: (message: string) => void;
}

/** What is new, as Markdown: GitHub gives it as HTML. */
export function notesOf({ releaseNotes }: Release): string {
  const all =
    typeof releaseNotes === 'string'
      ? releaseNotes
      : (releaseNotes ?? []).map(({ note }) => note ?? '').join('\n\n');
  const isHtml = /<\/(p|li|h\d|ul)>/i.test(all);
  const plain = isHtml ? withoutTags(all) : all;
  return plain.slice(0, MAX_NOTES).trim();
}

function withoutTags(html: string): string {
  const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', '#39': "'" };
  return html
    .slice(0, 4 * MAX_NOTES)
    .replace(/\s+/g, ' ')
    .replace(/<h(\d)[^>]*>/gi, (_all, level: string) => `\n\n${'#'.repeat(Number(level))} `)
    .replace(/<li[^>]*>/gi, '\n- ')
    .replace(/<code[^>]*>|<\/code>/gi, '`')
    .replace(/<br[^>]*>|<\/(p|h\d|ul|ol)>/gi, '\n\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&(lt|gt|quot|#39);/g, (_all, name: string) => entities[name] ?? '')
    .replaceAll('&amp;', '&')
    .replace(/ *\n */g, '\n')
    .replace(/\n{3,}/g, '\n\n');
}

/**
 * Looks for newer versions of the app, fetches them while it runs, and begins with one when its
 * user wants that, or at the next start. Emits `state` when there is something new to say.
 */
export class Updates extends EventEmitter<{ state: [state: UpdateState] }> {
  readonly #parts: Parts;
  #state: UpdateState = { state: 'idle' };
  #channel: UpdateChannel = 'stable';
  #updater: Promise<Updater | undefined> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: Parts) {
    super();
    this.#parts = parts;
  }

  get state(): UpdateState {
    return this.#state;
  }

  /** Looks now, and each day from now on; not if the user wants none. */
  async start(channel: UpdateChannel): Promise<void> {
    this.#channel = channel;
    clearInterval(this.#timer);
    if (channel === 'off') {
      // What is fetched already is not forgotten: it is used only if its user says so.
      if (this.#state.state !== 'ready') this.#become({ state: 'off' });
      const updater = await this.#updater;
      if (updater !== undefined) updater.autoInstallOnAppQuit = false;
      return;
    }
    this.#timer = setInterval(() => void this.check(), PERIOD).unref();
    await this.check();
  }

  /** Looks now. What goes wrong is in the state, and in the log. */
  async check(): Promise<void> {
    if (this.#state.state === 'downloading' || this.#state.state === 'checking') return;
    this.#updater ??= this.#load();
    const updater = await this.#updater;
    if (updater === undefined) {
      this.#become({ state: 'unsupported' });
      return;
    }
    const isPreview = this.#channel === 'preview';
    updater.channel = isPreview ? 'beta' : 'latest';
    // To set a channel allows what is older.
    updater.allowDowngrade = false;
    updater.allowPrerelease = isPreview;
    updater.autoDownload = true;
    updater.autoInstallOnAppQuit = this.#channel !== 'off';
    if (this.#state.state !== 'ready') this.#become({ state: 'checking' });
    // The event says it as well.
    await updater.checkForUpdates().catch((error: unknown) => this.#failed(error));
  }

  /**
   * Begins with the version that is ready.
   *
   * @throws {UserError} if there is none.
   */
  async restart(): Promise<void> {
    const updater = await this.#updater;
    if (this.#state.state !== 'ready' || updater === undefined) {
      throw new UserError(text('updates.notReady'));
    }
    await this.#parts.prepare();
    updater.quitAndInstall(true, true);
  }

  dispose(): void {
    clearInterval(this.#timer);
  }

  async #load(): Promise<Updater | undefined> {
    const updater = await this.#parts.load().catch((error: unknown) => {
      this.#parts.note(`no look for updates: ${messageOf(error)}`);
      return undefined;
    });
    updater?.on('update-not-available', () => {
      if (this.#state.state !== 'ready') this.#become({ state: 'current', checked: Date.now() });
    });
    updater?.on('update-available', (release) => {
      if (this.#state.version === release.version && this.#state.state === 'ready') return;
      this.#become({ state: 'downloading', percent: 0, ...factsOf(release) });
    });
    updater?.on('download-progress', ({ percent }) => {
      const whole = Math.floor(percent);
      if (this.#state.state !== 'downloading' || this.#state.percent === whole) return;
      this.#become({ ...this.#state, percent: whole });
    });
    updater?.on('update-downloaded', (release) => {
      const isNew = this.#state.state !== 'ready' || this.#state.version !== release.version;
      this.#become({ state: 'ready', ...factsOf(release) });
      if (isNew) this.#parts.ready(release.version);
    });
    updater?.on('error', (error) => this.#failed(error));
    return updater;
  }

  #failed(error: unknown): void {
    const problem = messageOf(error).split('\n')[0]?.slice(0, 300) ?? '';
    if (this.#state.state === 'failed' && this.#state.problem === problem) return;
    this.#parts.note(`no look for updates: ${problem}`);
    // What is ready stays so, whatever comes of the next look.
    if (this.#state.state === 'ready') return;
    this.#become({ state: 'failed', problem, checked: Date.now() });
  }

  #become(state: UpdateState): void {
    this.#state = state;
    this.emit('state', state);
  }
}

function factsOf(release: Release): Pick<UpdateState, 'version' | 'notes' | 'checked'> {
  return { version: release.version, notes: notesOf(release), checked: Date.now() };
}
