import type { ConnectionRow, ConnectionState, TotalKind } from '../../main/ipc/contract.js';
import { keep, kept, recall, remember } from '../memory.js';
import type { Grouping } from './connectiongroups.js';
import { Rows } from './rows.js';

/** What the user has chosen to see of the live log. */
export interface Choices {
  /** What of the view is shown: connections one by one, or what they come to. */
  readonly tab: 'log' | 'top';
  readonly topBy: TotalKind;
  readonly text: string;
  readonly only: ConnectionState | '';
  readonly sort: keyof ConnectionRow;
  readonly descending: boolean;
  readonly groupBy: Grouping;
  /** The names of the groups whose rows are hidden. */
  readonly closed: readonly string[];
  /** The instant since which nothing changes. */
  readonly pausedAt: number | undefined;
  /** Whether the newest row is kept in view. */
  readonly follow: boolean;
  /** The newest row that there was when following ended. */
  readonly seen: number;
  /** The row that is looked at: of a connection, its details are shown. */
  readonly chosen: number | undefined;
  /** All rows that are chosen, where they are several. */
  readonly others: readonly number[];
  /** Where a range of them begins. */
  readonly anchor: number | undefined;
}

const INITIAL: Choices = {
  tab: 'log',
  topBy: 'host',
  text: '',
  only: '',
  sort: 'time',
  descending: false,
  groupBy: '',
  closed: [],
  pausedAt: undefined,
  follow: true,
  seen: 0,
  chosen: undefined,
  others: [],
  anchor: undefined,
};

/** The keys of the columns that the user has chosen; undefined: as they come. */
interface ColumnChoice {
  readonly keys: readonly string[] | undefined;
}

/** The live log as it is looked at: it outlives visits to other views, and the page itself. */
class LogView {
  readonly rows = new Rows();
  choices: Choices = recall('connections', INITIAL);
  #columns = kept<ColumnChoice>('columns', { keys: undefined });

  get columns(): readonly string[] | undefined {
    return this.#columns.keys;
  }

  choose(choices: Partial<Choices>): void {
    this.choices = { ...this.choices, ...choices };
    remember('connections', this.choices);
  }

  /** The columns that are shown from now on, whenever the app is started. */
  chooseColumns(keys: readonly string[] | undefined): void {
    this.#columns = { keys };
    keep('columns', this.#columns);
  }
}

export const logView = new LogView();
