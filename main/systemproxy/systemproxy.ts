import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Disposable, messageOf, Sequence, UserError } from 'picosocks5';
import type {
  ServerStatus,
  SettingChange,
  SettingValues,
  SystemProxyPhase,
  SystemProxyState,
} from '../ipc/contract.js';
import { text } from '../words/words.js';
import type { Backend, BackendId, WantedProxy } from './backend.js';
import { giveBack, giveBackLeft, holds, type Kept, KeptFile, pick } from './kept.js';
import { makePac, type PacProxy } from './pac.js';
import { PacServer } from './pacserver.js';

/** How often it is looked whether something else has changed the settings, ms. */
const PERIOD = 10_000;
/** The same where the system tells of changes itself: sooner at first, until that has begun. */
const WATCHED_PERIODS: readonly number[] = [1000, 3000, 10_000, 60_000];

/** Phases that switch it off. */
const TOLD: ReadonlySet<SystemProxyPhase> = new Set(['changed', 'failed', 'unavailable']);

/** What the user is told without having asked. */
export type SystemProxyNews =
  /** The app had ended without giving back what was there; now that is done. */
  | { readonly what: 'recovered' }
  /** Something else has changed the settings, which are left alone. */
  | { readonly what: 'changed' }
  /** It is wanted, and cannot be. */
  | { readonly what: 'login' | 'unavailable' }
  | { readonly what: 'failed'; readonly problem: string };

interface Parts {
  readonly settings: { readonly values: SettingValues; set(change: SettingChange): void };
  readonly server: { readonly status: Pick<ServerStatus, SeenStatus> };
  /** The app's own folder. */
  readonly folder: string;
  /** The settings of this system; undefined: it has none that are known. */
  readonly backend: () => Promise<Backend | undefined>;
  /** Those of a kind, to give back what was changed there. */
  readonly backendOf: (id: BackendId) => Promise<Backend>;
  readonly tell: (news: SystemProxyNews) => void;
}

type SeenStatus = 'state' | 'endpoints' | 'authentication' | 'http';

/** What is to be, and why it is not more. */
interface Target {
  readonly proxy: PacProxy | undefined;
  readonly phase: SystemProxyPhase;
}

/**
 * Makes the programs of this computer use the proxy, as long as it is wanted and the server runs, and
 * gives back what was there before. That is on the disk before anything is changed, and given back
 * at the next start if the app could not do so itself. What something else has changed meanwhile is
 * left as it is. Emits `state` when something about it has changed.
 */
export class SystemProxy extends EventEmitter<{ state: [state: SystemProxyState] }> {
  readonly #parts: Parts;
  readonly #file: KeptFile;
  readonly #pac: PacServer;
  readonly #changes = new Sequence();
  /** What was there before, as long as the settings are ours. */
  #kept: Kept | undefined;
  /** What they were made of. */
  #made: WantedProxy | undefined;
  /** Whether an earlier run has left nothing behind that is not given back. */
  #isClean = false;
  #phase: SystemProxyPhase = 'off';
  #problem: string | undefined;
  #isClosed = false;
  /** What was told last. */
  #shown: SystemProxyState | undefined;
  #timer: NodeJS.Timeout | undefined;
  #watch: Disposable | undefined;

  constructor(parts: Parts) {
    super();
    this.#parts = parts;
    this.#file = new KeptFile(parts.folder);
    this.#pac = new PacServer(join(parts.folder, 'pac.json'), () => this.#pacFile);
  }

  get state(): SystemProxyState {
    const problem = this.#problem;
    return {
      wanted: this.#isWanted,
      phase: this.#phase,
      ...(problem !== undefined && { problem }),
    };
  }

  /**
   * Gives back what an earlier run of the app has left changed, and begins. The switch is off after
   * that: what made the app end may do so again.
   */
  async start(): Promise<void> {
    await this.#changes.run(() => this.#recover().catch((error: unknown) => this.#fail(error)));
    await this.update();
  }

  /** Makes the system's settings what they have to be at present. */
  update(): Promise<void> {
    this.#show();
    return this.#changes.run(async () => {
      try {
        await this.#update(false);
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  /** Looks whether something else has changed the settings, or there are more of them. */
  look(): Promise<void> {
    return this.#changes.run(async () => {
      if (this.#kept === undefined) return;
      // What cannot be read now may be at the next look.
      await this.#update(true).catch(() => {});
    });
  }

  /** Gives back what was there, and ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.update();
    this.#pac.dispose();
  }

  get #isWanted(): boolean {
    return this.#parts.settings.values.systemProxy;
  }

  /** What is to be, by what the user wants and the server does. */
  get #target(): Target {
    const { state, endpoints, authentication, http } = this.#parts.server.status;
    const none = (phase: SystemProxyPhase): Target => ({ proxy: undefined, phase });
    if (!this.#isWanted) {
      // Why it is off is told until it is switched on again.
      return none(TOLD.has(this.#phase) ? this.#phase : 'off');
    }
    const own = endpoints.find(({ lan }) => lan !== true);
    if (this.#isClosed || state !== 'running' || own === undefined) return none('waiting');
    if (authentication && !http) return none('login');
    const { host, port } = own;
    return { proxy: { host, port, http, socks: !authentication }, phase: 'on' };
  }

  get #pacFile(): string {
    const { systemProxyBypass: bypass, via, request } = this.#parts.settings.values;
    return makePac({ proxy: this.#target.proxy, bypass, via, request });
  }

  async #recover(): Promise<void> {
    if (this.#isClean) return;
    const isLeft = await giveBackLeft(this.#file, this.#parts.backendOf);
    this.#isClean = true;
    if (!isLeft) return;
    this.#want(false);
    this.#parts.tell({ what: 'recovered' });
  }

  async #update(isLook: boolean): Promise<void> {
    const { proxy, phase } = this.#target;
    if (proxy === undefined) {
      if (!(await this.#giveBack())) this.#parts.tell({ what: 'changed' });
      if (phase === 'login' && this.#phase !== 'login') this.#parts.tell({ what: 'login' });
      this.#enter(phase);
      return;
    }
    await this.#recover();
    if (!this.#isWanted) return;
    const backend = await this.#parts.backend();
    if (backend === undefined) {
      this.#enter('unavailable');
      this.#want(false);
      this.#parts.tell({ what: 'unavailable' });
      return;
    }
    const isTaken = await this.#take(backend, await this.#wanted(proxy), isLook);
    if (isTaken) this.#enter(phase);
  }

  async #wanted(proxy: PacProxy): Promise<WantedProxy> {
    const { systemProxyKind: kind, systemProxyBypass: bypass } = this.#parts.settings.values;
    if (kind === 'fixed') return { kind, ...proxy, bypass };
    const url = await this.#pac.start();
    // Programs read the file again when it has another address.
    const version = createHash('sha256').update(this.#pacFile).digest('hex').slice(0, 8);
    return { kind: 'pac', url: `${url}?${version}` };
  }

  /**
   * Changes the settings, unless something else has meanwhile.
   *
   * @param isLook whether to look at them although they should be right.
   * @returns whether they are ours.
   * @throws {UserError} if they cannot be what is wanted; they are what they were, then.
   */
  async #take(backend: Backend, wanted: WantedProxy, isLook: boolean): Promise<boolean> {
    const kept = this.#kept;
    const isMade = kept !== undefined && isDeepStrictEqual(wanted, this.#made);
    if (isMade && !isLook) return true;
    const present = await backend.read();
    if (kept !== undefined && !holds(present, kept.ours)) {
      await this.#leave();
      return false;
    }
    const before = { ...present, ...kept?.before };
    const values = backend.wanted(wanted, before);
    const keys = Object.keys(values);
    if (isMade && keys.every((key) => key in kept.ours)) return true;
    // What was changed to say it in another way goes back.
    const others = Object.keys(kept?.ours ?? {}).filter((key) => !keys.includes(key));
    const ours = { ...pick(before, others), ...values };
    this.#kept = { backend: backend.id, before, ours };
    try {
      await this.#file.write(this.#kept);
      await backend.write(ours);
      const taken = await backend.read();
      const isSame = holds(present, values);
      if (!isSame && holds(taken, pick(present, keys))) {
        throw new UserError(text('systemProxy.notTaken'));
      }
      const now = backend.rewords ? pick(taken, keys) : values;
      this.#kept = { backend: backend.id, before, ours: now };
      await this.#file.write(this.#kept);
    } catch (error) {
      await this.#giveBack().catch(() => {});
      throw error;
    }
    this.#made = wanted;
    this.#keepLooking(backend);
    return true;
  }

  /**
   * Gives back what was there, if it is still ours.
   *
   * @returns whether it was.
   * @throws {UserError} if it cannot be given back now.
   */
  async #giveBack(): Promise<boolean> {
    const kept = this.#kept;
    if (kept === undefined) return true;
    const isOurs = await giveBack(await this.#parts.backendOf(kept.backend), kept);
    clearTimeout(this.#timer);
    this.#watch?.dispose();
    this.#timer = undefined;
    this.#watch = undefined;
    this.#kept = undefined;
    this.#made = undefined;
    await this.#file.remove();
    return isOurs;
  }

  /** Leaves what something else has changed as it is: the switch is off from now on. */
  async #leave(): Promise<void> {
    await this.#giveBack();
    this.#enter('changed');
    this.#want(false);
    this.#parts.tell({ what: 'changed' });
  }

  #keepLooking(backend: Backend): void {
    if (this.#timer !== undefined) return;
    this.#watch = backend.watch?.(() => void this.look());
    const [first = PERIOD, ...later] = this.#watch === undefined ? [] : WATCHED_PERIODS;
    this.#lookIn(first, later);
  }

  /** @param later how long it is to the looks after that, ms; the last one stays. */
  #lookIn(delay: number, later: readonly number[]): void {
    this.#timer = setTimeout(() => {
      const [next = delay, ...others] = later;
      this.#lookIn(next, others);
      void this.look();
    }, delay);
  }

  #fail(error: unknown): void {
    const problem = messageOf(error);
    this.#want(false);
    this.#enter('failed', problem);
    this.#parts.tell({ what: 'failed', problem });
  }

  #want(value: boolean): void {
    const { settings } = this.#parts;
    if (this.#isWanted === value) return;
    try {
      settings.set({ key: 'systemProxy', value });
    } catch {
      // The settings file cannot be written: the switch stays as it is.
    }
  }

  #enter(phase: SystemProxyPhase, problem = phase === 'failed' ? this.#problem : undefined): void {
    this.#phase = phase;
    this.#problem = problem;
    this.#show();
  }

  #show(): void {
    const { state } = this;
    if (isDeepStrictEqual(state, this.#shown)) return;
    this.#shown = state;
    this.emit('state', state);
  }
}
