import { sep } from 'node:path';
import { withDeadline } from '../base/awaitable.js';
import { monotonic } from '../base/clock.js';
import { type Disposable, DisposableStore, toDisposable } from '../base/disposable.js';
import { UserError } from '../base/errors.js';
import type { ExtensionModule } from './api.js';
import { Configuration } from './configuration.js';
import { cut, faults, placeIn, wordsOf } from './faults.js';
import type { Contribution, Manifest, Point } from './manifest.js';
import type { Planned } from './plan.js';
import type { Secrets } from './secrets.js';
import type { Owner } from './slots/owner.js';
import { syntaxPlace } from './syntaxplace.js';
import { emptyList } from './views.js';

/** Errors that may escape within {@link ESCAPE_TIME} before an extension is switched off. */
const MAX_ESCAPES = 5;
/** ms. */
const ESCAPE_TIME = 60_000;
/**
 * How long the event loop may be held while nobody is served, or code is loaded, which nothing can
 * make shorter, ms.
 */
const LOAD_LIMIT = 1000;
/** How often the same trouble of an extension is told, ms. */
const TELL_INTERVAL = 60_000;

/** What an extension needs of its host. */
export interface ExtensionHooks {
  /** Whether anybody is served, who would wait for what it does. */
  isServing(): boolean;
  /** Told what somebody should look at. */
  warn(message: string): void;
  /** Told that it was switched off, by itself. */
  switchedOff(extension: Extension): void;
}

/** Registries of which an item only looks on: without it the server does what it did before. */
const ONLOOKERS: readonly string[] = ['eventSinks'];

/** Whether the server cannot be without an extension that it was told to have. */
export function guards({ contributes }: Manifest): boolean {
  return Object.keys(contributes).some((point) => !ONLOOKERS.includes(point));
}

/** What Node puts behind the name of a module that it does not find: who asked for it. */
const REQUIRED_BY = /\nRequire stack:\n- (.*)[\s\S]*$/;

export type State = 'starting' | 'active' | 'off' | 'ended';

/** An extension from its activation to its end; activated anew it is another one. */
export class Extension implements Owner {
  readonly manifest: Manifest;
  /** What its code is, as its plan says. */
  readonly code: string;
  readonly configuration: Configuration;
  readonly secrets: Secrets;
  readonly subscriptions: Disposable[] = emptyList();
  /** What it has of the server: registrations, listeners, helpers. */
  readonly own = new DisposableStore();
  readonly activationTime: number;
  readonly answerTime: number;
  readonly #hooks: ExtensionHooks;
  readonly #watched: Disposable;
  #state: State = 'starting';
  #isLoading = false;
  /** Whether its deactivation is over as well. */
  #hasEnded = false;
  #module: ExtensionModule | undefined;
  #lastError: string | undefined;
  /** When errors escaped, monotonic ms. */
  #escapes: number[] = [];
  /** When each kind of trouble was told last, and how often it was not since, monotonic ms. */
  readonly #told = new Map<string, { at: number; untold: number }>();

  constructor(
    { manifest, code, settings }: Planned,
    times: { readonly activationTime: number; readonly answerTime: number },
    secrets: Secrets,
    hooks: ExtensionHooks,
  ) {
    this.manifest = manifest;
    this.code = code;
    this.configuration = new Configuration(manifest, settings);
    this.secrets = secrets;
    this.activationTime = times.activationTime;
    this.answerTime = times.answerTime;
    this.#hooks = hooks;
    this.#watched = faults.watch(this);
  }

  get short(): string {
    return this.manifest.short;
  }

  get folder(): string {
    return this.manifest.folder;
  }

  get state(): State {
    return this.#state;
  }

  /** What went wrong last, for people. */
  get lastError(): string | undefined {
    return this.#lastError;
  }

  get isOff(): boolean {
    return this.#state === 'off' || this.#state === 'ended';
  }

  /** Whether it has nothing to say any more: what ends may still say how. */
  get isSilent(): boolean {
    return this.#state === 'off' || this.#hasEnded;
  }

  schemesOf(point: 'outbounds' | 'resolvers', id: string): readonly string[] {
    return this.contributed(point).find((one) => one.id === id)?.schemes ?? [];
  }

  identifies(layer: string): boolean {
    return this.contributed('layers').find((one) => one.id === layer)?.identifies ?? false;
  }

  /** What it contributes to a registry. */
  contributed(point: Point): readonly Contribution[] {
    return this.manifest.contributes[point] ?? [];
  }

  /**
   * Loads and activates it.
   *
   * @param load imports its code.
   * @param context what it is given.
   * @throws {UserError} if it fails, or takes too long: then it has ended.
   */
  async activate(load: () => Promise<unknown>, context: object): Promise<void> {
    const { name } = this.manifest;
    const late = () => new Error(`it took longer than ${this.activationTime / 1000} s`);
    try {
      const activated = this.run(async () => {
        this.#isLoading = true;
        const code = moduleOf(await load());
        this.#isLoading = false;
        // It may have been too late meanwhile.
        if (this.isOff) return;
        this.#module = code;
        await this.run(() => code.activate(context as never));
      });
      await withDeadline(activated, this.activationTime, late);
      // One that has let so many errors escape meanwhile is switched off already.
      if (this.isOff) throw new Error('it was switched off');
      this.#state = 'active';
    } catch (error) {
      const problem = this.words(await this.#describeAll(error));
      this.#lastError = problem;
      await this.end();
      throw new UserError(`the extension "${name}" cannot be activated: ${problem}`, {
        cause: error,
      });
    }
  }

  /** Deactivates it: what it has registered is taken back, its subscriptions are disposed. */
  async end(): Promise<void> {
    if (this.#state === 'ended') return;
    const hasRun = this.#state !== 'starting';
    this.#release();
    try {
      const { deactivate } = this.#module ?? {};
      if (typeof deactivate === 'function' && hasRun) {
        const late = () => new Error(`it took longer than ${this.answerTime / 1000} s`);
        const ended = Promise.resolve(this.runEvenIfOff(() => deactivate()));
        await withDeadline(ended, this.answerTime, late);
      }
    } catch (error) {
      this.failed('deactivating it', error);
    }
    this.#hasEnded = true;
    this.#watched.dispose();
  }

  /** Takes back all that it has of the server, and disposes what it has given for that. */
  #release(): void {
    this.#state = 'ended';
    try {
      this.own.dispose();
    } catch (error) {
      this.failed('taking back what it has registered', error);
    }
    for (const item of this.subscriptions.splice(0).reverse()) {
      try {
        this.runEvenIfOff(() => item?.dispose());
      } catch (error) {
        this.failed('a subscription that was disposed', error);
      }
    }
  }

  run<T>(code: () => T): T {
    if (this.isOff) throw new Error(`the extension "${this.short}" is switched off`);
    return faults.run(this, code);
  }

  runEvenIfOff<T>(code: () => T): T {
    return faults.run(this, code);
  }

  readonly outside = <T>(code: () => T): T => faults.outside(code);

  /** Takes back something when the extension ends, or before. */
  keep(undo: () => void): Disposable {
    return this.own.add(toDisposable(() => faults.outside(undo)));
  }

  failed(what: string, error: unknown): void {
    this.#tell(what, `the extension "${this.short}" failed, ${what}: ${this.describe(error)}`);
  }

  escaped(error: unknown): void {
    const now = monotonic();
    this.#escapes = [...this.#escapes.filter((time) => now - time < ESCAPE_TIME), now];
    const trouble = this.describe(error);
    const isLast = this.#escapes.length >= MAX_ESCAPES && !this.isOff;
    this.#tell(
      isLast || this.#escapes.length < MAX_ESCAPES ? '' : 'escaped',
      `the extension "${this.short}" let an error escape: ${trouble}`,
    );
    if (!isLast) return;
    this.#state = 'off';
    this.#hooks.switchedOff(this);
    this.#warn(
      `the extension "${this.short}" is switched off, since ${MAX_ESCAPES} errors escaped in a ` +
        `minute${guards(this.manifest) ? ': what it guards is refused' : ''}`,
    );
  }

  held(time: number): void {
    if ((this.#isLoading || !this.#hooks.isServing()) && time < LOAD_LIMIT) return;
    const what = `held the event loop for ${Math.round(time)} ms, and every connection with it`;
    this.#tell('held', `the extension "${this.short}" ${what}`);
  }

  words(text: unknown): string {
    return this.secrets.hide(cut(typeof text === 'string' ? text : wordsOf(text)));
  }

  mistake(error: unknown): UserError {
    if (error instanceof UserError) return error;
    return this.wrong(this.words(this.describe(error)));
  }

  wrong(problem: string): UserError {
    return new UserError(`${this.#prefix}${problem}`);
  }

  /** How sentences about it begin, whoever reads them. */
  get #prefix(): string {
    return `the extension "${this.short}": `;
  }

  /** What {@link describe} says, and of what is no module the place that Node keeps for itself. */
  async #describeAll(error: unknown): Promise<string> {
    const isPlaced = placeIn(this.folder, error) !== undefined;
    const place = error instanceof SyntaxError && !isPlaced ? await syntaxPlace(this.folder) : '';
    return this.describe(error) + (place ? ` (${place})` : '');
  }

  /**
   * What was thrown and where, in one line, without the files that Node lists, and without a second
   * mention of its name.
   */
  describe(error: unknown): string {
    const all = wordsOf(error);
    const words = all.replace(REQUIRED_BY, '');
    // Its own frames may be too deep in the stack to be there.
    const [, file = ''] = REQUIRED_BY.exec(all) ?? [];
    const inside = file.startsWith(this.folder + sep)
      ? file.slice(this.folder.length + 1)
      : undefined;
    const place = placeIn(this.folder, error) ?? inside;
    const problem = words.startsWith(this.#prefix) ? words.slice(this.#prefix.length) : words;
    return problem.replace(/\s*\n\s*/g, ' ') + (place === undefined ? '' : ` (${place})`);
  }

  /** @param kind what is told once in a while only; what has none, each time. */
  #tell(kind: string, message: string): void {
    this.#lastError = this.words(message);
    const now = monotonic();
    const told = this.#told.get(kind);
    if (kind !== '' && told !== undefined && now - told.at < TELL_INTERVAL) {
      told.untold++;
      return;
    }
    if (kind !== '') this.#told.set(kind, { at: now, untold: 0 });
    const untold = told?.untold ?? 0;
    this.#warn(untold > 0 ? `${message}; and ${untold} times more before that` : message);
  }

  #warn(message: string): void {
    const words = this.words(message);
    faults.outside(() => this.#hooks.warn(words));
  }
}

/** @throws if a module is no extension. */
function moduleOf(loaded: unknown): ExtensionModule {
  for (const candidate of [loaded, (loaded as { default?: unknown } | null)?.default]) {
    const { activate } = (candidate ?? {}) as Partial<ExtensionModule>;
    if (typeof activate === 'function') return candidate as ExtensionModule;
  }
  throw new Error('its main file exports no activate()');
}
