import { Notification as SystemNotification } from 'electron';
import type { CommandId, Notification } from '../ipc/contract.js';
import { tell } from '../ipc/serve.js';
import { RecentProblems } from './problems.js';
import type { MainWindow } from './window.js';

/** Notifications that wait for a window, at most. */
const MAX_WAITING = 20;

/** What the user is told: in the window, and in the system's own way where nobody looks at it. */
export class Notifications {
  /** What went wrong of late, seen or not. */
  readonly problems = new RecentProblems();
  readonly #window: MainWindow;
  readonly #open: () => void;
  #waiting: Notification[] = [];
  #announced: SystemNotification | undefined;

  /** @param open opens the window, for who clicks what the system shows. */
  constructor(window: MainWindow, open: () => void) {
    this.#window = window;
    this.#open = open;
  }

  /** Those that nobody has seen yet, who are seen now. */
  take(): Notification[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  /**
   * Tells the window, or the next one that there is.
   *
   * @param about what shows more, where it is something that went wrong.
   */
  notify(notification: Notification, about: CommandId = 'view.log'): void {
    const { severity, message } = notification;
    if (severity !== 'info') this.problems.add({ message, about });
    if (this.#window.isConnected) {
      tell(this.#window.contents, 'notification', notification);
      return;
    }
    const others = this.#waiting.filter(({ message }) => message !== notification.message);
    this.#waiting = [...others, notification].slice(-MAX_WAITING);
  }

  /** Tells who does not look at the window; the last of these is the only one that is seen. */
  announce(body: string): void {
    if (this.#window.isVisible || !SystemNotification.isSupported()) return;
    this.#announced?.close();
    const notification = new SystemNotification({ title: 'PicoSOCKS5', body });
    notification.on('click', this.#open);
    notification.show();
    this.#announced = notification;
  }
}
