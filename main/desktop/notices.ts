import { messageOf } from 'picosocks5';
import type { AppLog } from '../proxy/applog.js';
import { text } from '../words/words.js';
import type { Notifications } from './notifications.js';

/** What the app says of itself: to the user, or to its log. */
export class AppNotices {
  readonly #notifications: Notifications;
  readonly #log: AppLog;

  constructor(notifications: Notifications, log: AppLog) {
    this.#notifications = notifications;
    this.#log = log;
  }

  /** Notes something that is nobody's business but the log's. */
  note(message: string): void {
    this.#log.write('warning', message);
  }

  /** Tells what was done by itself, wherever somebody looks. */
  tell(message: string): void {
    this.#notifications.notify({ severity: 'info', message });
    this.#notifications.announce(message);
  }

  warn(message: string): void {
    this.#notifications.notify({ severity: 'warning', message });
  }

  complain(message: string): void {
    this.#notifications.notify({ severity: 'error', message });
  }

  /** A bug: the log has its stack, the window its message; all else goes on. */
  report(error: unknown): void {
    const stack = error instanceof Error ? error.stack : undefined;
    this.#log.write('error', `internal error: ${stack ?? messageOf(error)}`);
    this.complain(text('common.internalError', { error: messageOf(error) }));
  }

  /** A version is there that is installed when the app ends. */
  tellOfUpdate(version: string): void {
    const message = text('updates.readyToast', { version });
    const action = { label: text('updates.show'), command: 'app.updates' } as const;
    this.#notifications.notify({ severity: 'info', message, action });
    this.#notifications.announce(message);
  }

  /** Another program has a key that is to work everywhere. */
  tellOfRefusedKey(key: string): void {
    const message = text('keys.refused', { key });
    this.#notifications.notify({ severity: 'warning', message }, 'app.keys');
  }

  /** Extensions are left out after crashes. */
  offerToLeaveSafeMode(): void {
    this.#notifications.notify({
      severity: 'warning',
      message: text('extensions.safeModeNotice'),
      action: { label: text('extensions.useAgain'), command: 'extensions.resume' },
    });
  }

  /** The window's process was lost, and is another one now. */
  tellOfRevival(): void {
    this.#notifications.notify({
      severity: 'warning',
      message: text('life.revived'),
      action: { label: text('life.showLog'), command: 'view.log' },
    });
  }
}
