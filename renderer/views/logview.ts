import type { ConnectionRow, ConnectionState } from '../../main/ipc/contract.js';
import { recall, remember } from '../memory.js';
import { Rows } from './rows.js';

/** What the user has chosen to see of the live log. */
export interface Choices {
  readonly text: string;
  readonly only: ConnectionState | '';
  readonly sort: keyof ConnectionRow;
  readonly descending: boolean;
  /** The instant since which nothing changes. */
  readonly pausedAt: number | undefined;
  /** Whether the newest row is kept in view. */
  readonly follow: boolean;
  /** The row whose details are shown. */
  readonly chosen: number | undefined;
}

const INITIAL: Choices = {
  text: '',
  only: '',
  sort: 'time',
  descending: false,
  pausedAt: undefined,
  follow: true,
  chosen: undefined,
};

/** The live log as it is looked at: it outlives visits to other views, and the page itself. */
class LogView {
  readonly rows = new Rows();
  choices: Choices = recall('connections', INITIAL);

  choose(choices: Partial<Choices>): void {
    this.choices = { ...this.choices, ...choices };
    remember('connections', this.choices);
  }
}

export const logView = new LogView();
