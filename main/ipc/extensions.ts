/** What the window and the main process say to each other about extensions. */

/** The value of a setting that an extension contributes. */
export type ContributedValue = boolean | number | string | readonly string[];

export interface ExtensionsState {
  readonly extensions: readonly ExtensionItem[];
  /** The commands of those that are enabled. */
  readonly commands: readonly ContributedCommand[];
  /** The views of those that are enabled. */
  readonly views: readonly ContributedView[];
  /** Settings of those that are enabled, in the order of a settings page. */
  readonly settings: readonly ContributedSetting[];
  /** Whether none is used until the app is told otherwise, since it has failed with them. */
  readonly safeMode: boolean;
  /** Why it cannot be said which are installed. */
  readonly problem: string | undefined;
}

export type ExtensionOrigin = 'bundled' | 'installed' | 'folder';

/**
 * `disabled`: by the user, or not allowed yet; `inactive`: nothing needs it at present; `off`: it was
 * switched off after errors; `failed`: it could not be activated; `broken`: it cannot be used.
 */
export type ExtensionItemState =
  | 'active'
  | 'starting'
  | 'inactive'
  | 'disabled'
  | 'off'
  | 'failed'
  | 'broken';

/** An extension, as it is listed. */
export interface ExtensionItem {
  /** Of its package; of one that cannot be used, of its folder. */
  readonly name: string;
  readonly displayName: string;
  readonly publisher: string;
  readonly version: string;
  readonly description: string;
  readonly origin: ExtensionOrigin;
  /** Where it is; of an installed one, where it came from. */
  readonly place: string;
  readonly state: ExtensionItemState;
  readonly enabled: boolean;
  /** Whether it was enabled, and is another one since: it may not run, and is not left out. */
  readonly isReplaced: boolean;
  /** What went wrong last. */
  readonly error: string | undefined;
  readonly contributes: readonly ContributionGroup[];
}

/** What an extension contributes of one kind. */
export interface ContributionGroup {
  /** The registry, or `settings`, `commands` or `views`. */
  readonly kind: string;
  readonly title: string;
  readonly items: readonly { readonly id: string; readonly description: string }[];
}

export interface ContributedCommand {
  readonly id: string;
  readonly title: string;
  /** The extension's name. */
  readonly extension: string;
  readonly tray: boolean;
}

export interface ContributedView {
  readonly id: string;
  readonly title: string;
  readonly kind: 'table' | 'form' | 'text' | 'status';
  /** The extension's name. */
  readonly extension: string;
}

/** A setting of an extension, as a settings page draws it. */
export interface ContributedSetting {
  readonly key: string;
  /** The key in words. */
  readonly title: string;
  /** The heading of the extension's settings. */
  readonly section: string;
  readonly description: string;
  readonly type: 'boolean' | 'number' | 'text' | 'list' | 'choice' | 'secret';
  /** Undefined if it has neither a value nor a default; of a secret, always. */
  readonly value: ContributedValue | undefined;
  readonly default: ContributedValue | undefined;
  readonly modified: boolean;
  readonly choices: readonly { readonly value: string; readonly label: string }[];
  /** Of a secret: whether one was put into the keychain. */
  readonly isSet: boolean;
}

/** A value for a setting that an extension contributes. */
export interface ContributedChange {
  readonly key: string;
  readonly value: ContributedValue;
}

/** What stands in a cell of a table, or a field of a form. */
export type CellValue = string | number | boolean;

export interface ViewAction {
  readonly command: string;
  readonly title: string;
}

/** What a view shows: the server has checked it. */
export type ContributedContent =
  | {
      readonly kind: 'table';
      readonly columns: readonly { readonly id: string; readonly title: string }[];
      readonly rows: readonly { readonly id: string; readonly cells: readonly CellValue[] }[];
      /** Rows that were left out. */
      readonly omitted: number;
      readonly actions?: readonly ViewAction[];
      readonly rowActions?: readonly ViewAction[];
      readonly empty?: string;
    }
  | {
      readonly kind: 'form';
      readonly text?: string;
      readonly fields: readonly ContributedField[];
      readonly submit?: string;
    }
  | { readonly kind: 'text'; readonly text: string; readonly actions?: readonly ViewAction[] }
  | {
      readonly kind: 'status';
      readonly text: string;
      readonly tooltip?: string;
      readonly severity?: 'info' | 'warning' | 'error';
      readonly command?: string;
    };

export interface ContributedField {
  readonly id: string;
  readonly title: string;
  readonly description?: string;
  readonly type: 'text' | 'number' | 'boolean' | 'choice';
  readonly value: CellValue;
  readonly choices?: readonly { readonly value: string; readonly title: string }[];
  readonly minimum?: number;
  readonly maximum?: number;
}

/** What was filled into a view that is a form. */
export interface FilledForm {
  readonly id: string;
  readonly values: Readonly<Record<string, CellValue>>;
}

/** A command of an extension to be run. */
export interface ContributedCall {
  readonly id: string;
  /** Of a row's button, the row. */
  readonly row?: string;
}
