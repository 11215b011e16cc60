import {
  type AppState,
  type CommandId,
  HISTORY,
  type Notification,
  type TrafficSample,
  type UserActivity,
} from '../main/ipc/contract.js';
import { type LanguageInForce, setLanguage } from '../main/words/language.js';
import { text } from '../main/words/words.js';
import { RequestError, request } from './bridge.js';
import { recall, remember } from './memory.js';

/** A notification that is shown. */
export interface Toast extends Omit<Notification, 'action'> {
  readonly id: number;
  readonly action: ToastAction | undefined;
  /** What it was made of. */
  readonly told: Notification;
}

/** What the user may do about a notification: the text of its button, and what that does. */
export interface ToastAction {
  readonly label: string;
  readonly run: () => void;
}

/**
 * The views, by their names, which each of them adds to the interface `PicoViews`; those of
 * extensions by their ids.
 */
export type ViewName = (keyof PicoViews & string) | `contributed:${string}`;

/** What components draw, and what is told to have changed. */
export type Part =
  | 'app'
  | 'language'
  | 'traffic'
  | 'activity'
  | 'toasts'
  | 'view'
  | 'palette'
  | 'busy';

/** How long a notification stays that is no error, ms. */
const TOAST_TIME = 10_000;
const MAX_TOASTS = 5;

/** All that the window shows, and who is to be told when a part of it changes. */
class Model {
  app!: AppState;
  traffic: TrafficSample[] = [];
  /** What users have done, by their names. */
  readonly activity = new Map<string, UserActivity>();
  toasts: Toast[] = [];
  /** Runs a command: set by who knows them. */
  command: (id: CommandId) => void = () => {};
  view: ViewName = recall('view', { name: 'overview' as ViewName }).name;
  palette = false;
  /** How many requests are under way. */
  busy = 0;
  readonly #listeners = new Map<Part, Set<() => void>>();
  #lastToast = 0;
  /** How far the app's clock is ahead of the page's, ms. */
  #ahead = 0;

  changed(part: Part): void {
    for (const listener of this.#listeners.get(part) ?? []) listener();
  }

  listen(part: Part, listener: () => void): () => void {
    const listeners = this.#listeners.get(part) ?? new Set();
    this.#listeners.set(part, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** The name of the server that is shown, if it is elsewhere. */
  get elsewhere(): string | undefined {
    return this.app.remote?.name;
  }

  /** The rules that are in force in the server that is shown. */
  rules(setting: 'via' | 'request'): readonly string[] {
    return (this.app.remote?.routing ?? this.app.settings.values)[setting];
  }

  update(change: Partial<AppState>): void {
    this.app = { ...this.app, ...change };
    this.changed('app');
  }

  /** The present instant of the app's clock. */
  get instant(): number {
    return performance.now() + this.#ahead;
  }

  /** Takes the present instant, as the app tells it. */
  set instant(instant: number) {
    this.#ahead = instant - performance.now();
  }

  addTraffic(sample: TrafficSample): void {
    this.instant = sample.instant;
    this.traffic.push(sample);
    if (this.traffic.length > HISTORY) this.traffic.shift();
    this.changed('traffic');
  }

  addActivity(changed: readonly UserActivity[]): void {
    for (const activity of changed) this.activity.set(activity.name, activity);
    this.changed('activity');
  }

  show(view: ViewName): void {
    this.view = view;
    remember('view', { name: view });
    this.changed('view');
  }

  openPalette(open: boolean): void {
    this.palette = open;
    this.changed('palette');
  }

  notify(notification: Notification, action?: ToastAction): void {
    const id = ++this.#lastToast;
    const toast: Toast = { ...notification, id, action, told: notification };
    const others = this.toasts.filter(({ message }) => message !== notification.message);
    this.toasts = [...others, toast].slice(-MAX_TOASTS);
    // What asks for a decision waits for it.
    const stays = notification.severity === 'error' || notification.action !== undefined;
    if (!stays) setTimeout(() => this.dismiss(id), TOAST_TIME);
    this.changed('toasts');
  }

  /** Shows what the app tells, with what the user may do about it. */
  tell(notification: Notification): void {
    const { action } = notification;
    const act = action && { label: action.label, run: () => this.command(action.command) };
    this.notify(notification, act);
  }

  dismiss(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
    this.changed('toasts');
  }

  /**
   * Does something that may take a while or fail: progress is shown meanwhile, and a failure is a
   * notification.
   *
   * @returns whether it was done.
   */
  async attempt(action: () => Promise<unknown>): Promise<boolean> {
    this.#count(1);
    try {
      await action();
      return true;
    } catch (error) {
      this.notify({ severity: 'error', message: sentence(error) });
      return false;
    } finally {
      this.#count(-1);
    }
  }

  #count(change: number): void {
    this.busy += change;
    this.changed('busy');
  }
}

export const model = new Model();

/** What went wrong, for the user. */
export function sentence(error: unknown): string {
  return error instanceof RequestError
    ? error.message
    : text('common.internalError', { error: String(error) });
}

/**
 * Asks the app for its state, and follows it from then on.
 *
 * @returns the command that the window was opened for.
 */
export async function connect(): Promise<CommandId | undefined> {
  const { subscribe } = window.picosocks5;
  let connected = false;
  const update = (change: Partial<AppState>) => {
    if (connected) model.update(change);
  };
  subscribe('server', (server) => update({ server }));
  subscribe('systemProxy', (systemProxy) => update({ systemProxy }));
  subscribe('servers', (servers) => update({ servers }));
  subscribe('remote', (remote) => update({ remote }));
  subscribe('lockouts', (lockouts) => update({ lockouts }));
  subscribe('settings', (settings) => update({ settings }));
  subscribe('users', (users) => update({ users }));
  subscribe('usersTransfer', (usersTransfer) => update({ usersTransfer }));
  subscribe('activity', (changed) => model.addActivity(changed));
  subscribe('upstreams', (upstreams) => update({ upstreams }));
  subscribe('extensions', (extensions) => update({ extensions }));
  subscribe('updates', (updates) => update({ updates }));
  subscribe('tray', (tray) => update({ tray }));
  subscribe('refusals', (refusals) => update({ refusals }));
  subscribe('traffic', (sample) => model.addTraffic(sample));
  subscribe('notification', (notification) => model.tell(notification));
  subscribe('language', () => void model.attempt(learnLanguage));
  const state = await request('app.state');
  speak(state.language);
  model.app = state;
  if (state.welcome) model.view = 'welcome';
  model.instant = state.instant;
  model.traffic = [...state.traffic];
  model.addActivity(state.activity);
  connected = true;
  for (const notification of state.notifications) model.tell(notification);
  return state.command;
}

/** Asks for all that has texts anew, and has it drawn. */
async function learnLanguage(): Promise<void> {
  const { language, ...state } = await request('app.state');
  speak(language);
  model.update({ ...state, language });
  model.changed('language');
}

function speak(language: LanguageInForce): void {
  setLanguage(language);
  document.documentElement.lang = language.locale;
}
