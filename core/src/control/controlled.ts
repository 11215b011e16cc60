import type { LockoutFilter } from '../auth/lockout.js';
import type { LogLevel } from '../config/settings.js';
import type { Usage } from '../limits/usage.js';
import type { ListenerState } from '../listening/listeningsocket.js';
import type { ConnectionInfo } from '../log/events.js';
import type { QuestionName, Questions } from '../process/questions.js';

/** What serves, as it can be asked and told: a server in this process, or several in their own. */
export interface Controlled {
  readonly listeners: readonly ListenerState[];
  /** How many processes serve beside this one. */
  readonly workers: number | undefined;
  connections(): Promise<readonly ConnectionInfo[]>;
  /** Asks all processes that serve. @throws what any of them comes to grief by. */
  ask<Name extends QuestionName>(
    name: Name,
    ask: Questions[Name]['ask'],
  ): Promise<readonly Questions[Name]['answer'][]>;
  /** Asks one of them, always the same. @throws what it comes to grief by. */
  askOne<Name extends QuestionName>(
    name: Name,
    ask: Questions[Name]['ask'],
  ): Promise<Questions[Name]['answer']>;
  /** Lets those log in again who are locked out. @returns how many lockouts that were. */
  lift(whom: LockoutFilter): Promise<number>;
  /** What users and groups that have limits have used, by `user NAME` and `group NAME`. */
  usage(): Readonly<Record<string, Usage>>;
  /** Has events of a level told to the feed. */
  observe(level: LogLevel): void;
}
