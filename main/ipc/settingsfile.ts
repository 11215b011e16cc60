/** What window and main process say to each other of all settings at once: a part of the contract. */

/** The first mistake of a text: line and column count from 1, the offset from 0. */
export interface DocumentProblem {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
  readonly message: string;
}

/** What is to be exported, besides settings, users with their limits, rules and upstream servers. */
export interface ExportOptions {
  /** What passwords are encrypted with; undefined: they are left out. */
  readonly passphrase?: string;
}

/** Something that an import would change. */
export interface ImportItem {
  readonly kind: 'setting' | 'profile' | 'user' | 'upstream' | 'extension';
  /** Its name, as it is shown. */
  readonly name: string;
  readonly change: 'added' | 'changed';
  /** What it is now, and would be; undefined where that takes more than a few words. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What an import would do: nothing of it is done yet. */
export interface ImportPreview {
  /** The file that was chosen. */
  readonly file: string;
  readonly items: readonly ImportItem[];
  /** What of the file cannot be used here, each in a sentence; it is left out. */
  readonly leftOut: readonly string[];
  /** Whether the file has passwords, which take its passphrase. */
  readonly hasPasswords: boolean;
}

export interface SettingsFileRequests {
  /** All settings that are not as they come, as JSON. */
  'settings.document'(): string;
  /** @returns the first mistake; undefined if all of it could be kept. Nothing is changed. */
  'settings.checkDocument'(json: string): DocumentProblem | undefined;
  /** Keeps all of it, or nothing. @returns the first mistake. */
  'settings.saveDocument'(json: string): DocumentProblem | undefined;
  /** Writes all there is where the user chooses. @returns the file; undefined if none is chosen. */
  'settings.export'(options: ExportOptions): string | undefined;
  /** Lets the user choose a file. @returns what it would change; undefined if none is chosen. */
  'settings.import'(): ImportPreview | undefined;
  /** Does what was shown, or nothing; without a passphrase, passwords are left out. */
  'settings.importChosen'(options: ExportOptions): void;
}
