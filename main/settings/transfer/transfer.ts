import { readFile, stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { Sequence, systemMessage, UserError } from 'picosocks5';
import type {
  ContributedChange,
  ContributedValue,
  ExportOptions,
  ImportPreview,
} from '../../ipc/contract.js';
import { writeWholeFile } from '../../wholefile.js';
import { text } from '../../words/words.js';
import { carryOut } from '../change.js';
import type { Kept } from '../file.js';
import type { Settings } from '../store.js';
import { type Bundle, formatBundle, readBundle, readPasswords } from './bundle.js';
import { type Plan, planImport } from './plan.js';
import { checkPassphrase, open, seal } from './seal.js';
import { readSecrets, type Secrets, storeSecrets, withSecrets } from './secrets.js';

/** How large a file may be, bytes: ten thousand users take two megabytes. */
const MAX_SIZE = 16 * 1024 * 1024;

interface Parts {
  readonly settings: Settings;
  readonly keychain: Secrets;
  readonly extensions: {
    hasSetting(key: string): boolean;
    /** @throws {UserError} saying what is wrong with a value. */
    check(change: ContributedChange): Promise<void>;
  };
  /** Reads what the keychain has anew, and gives the server all. @throws {UserError} */
  readonly apply: () => Promise<void>;
  /** How much work a guess of a passphrase is, as `seal()` has it. */
  readonly work?: number;
}

/** Export and import of all that a person keeps: settings, profiles, users, rules, upstream servers. */
export class SettingsTransfer {
  readonly #parts: Parts;
  readonly #changes = new Sequence();
  /** The import that was shown. */
  #shown: { readonly file: string; readonly bundle: Bundle; readonly plan: Plan } | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Writes all to a file that only its owner can read.
   *
   * @throws {UserError} if it cannot be written, or the passwords not be read.
   */
  export(file: string, { passphrase }: ExportOptions): Promise<void> {
    return this.#changes.run(async () => {
      const { settings, keychain, work } = this.#parts;
      const { kept } = settings;
      if (passphrase !== undefined) checkPassphrase(passphrase);
      const sealed =
        passphrase === undefined
          ? undefined
          : await seal(JSON.stringify(await readSecrets(kept, keychain)), passphrase, work);
      await writeWholeFile(file, formatBundle(kept, sealed), { secret: true });
    });
  }

  /** Reads a file. @returns what it would change. @throws {UserError} if it cannot be used. */
  preview(file: string): Promise<ImportPreview> {
    return this.#changes.run(async () => {
      const bundle = readBundle(file, await read(file));
      const plan = await this.#plan(bundle);
      this.#shown = { file, bundle, plan };
      const { items, leftOut } = plan;
      return { file, items, leftOut, hasPasswords: bundle.sealed !== undefined };
    });
  }

  /**
   * Does what was shown, with the passwords of the file if there is its passphrase: all, or nothing.
   *
   * @throws {UserError} why nothing was done.
   */
  import({ passphrase }: ExportOptions): Promise<void> {
    return this.#changes.run(async () => {
      const { settings, keychain, apply } = this.#parts;
      const shown = this.#shown;
      if (shown === undefined) throw new UserError(text('settingsfile.notShown'));
      const { bundle, plan } = shown;
      const sealed = passphrase === undefined ? undefined : bundle.sealed;
      const passwords = sealed && readPasswords(await open(sealed, passphrase ?? ''));
      const { next: planned, items } = await this.#plan(bundle);
      if (!isDeepStrictEqual(items, plan.items)) {
        throw new UserError(text('settingsfile.changedMeanwhile'));
      }
      const { next, entries } = passwords
        ? withSecrets(planned, passwords)
        : { next: planned, entries: new Map<string, string>() };
      const before = settings.kept;
      const undo = await storeSecrets(entries, keychain);
      try {
        if (!isSame(before, settings.kept)) {
          throw new UserError(text('settingsfile.changedMeanwhile'));
        }
        await carryOut(settings, next, apply);
      } catch (error) {
        await undo();
        await apply().catch(() => {});
        throw error;
      }
      this.#shown = undefined;
    });
  }

  async #plan({ file }: Bundle): Promise<Plan> {
    const { settings, extensions } = this.#parts;
    const values = Object.entries(file.extensions?.settings ?? {});
    const usable = new Set<string>();
    for (const [key, value] of values) if (await this.#isUsable(key, value)) usable.add(key);
    return planImport(file, {
      kept: settings.kept,
      ways: settings.moreWays(),
      isUsable: (key) => extensions.hasSetting(key) && usable.has(key),
    });
  }

  /** @throws {UserError} if an extension that is here does not take a value. */
  async #isUsable(key: string, value: ContributedValue): Promise<boolean> {
    const { extensions } = this.#parts;
    if (!extensions.hasSetting(key)) return false;
    await extensions.check({ key, value });
    return true;
  }
}

/** Whether nothing of what is kept has been put in another's place. */
function isSame(before: Kept, after: Kept): boolean {
  return (Object.keys(before) as (keyof Kept)[]).every((key) =>
    isDeepStrictEqual(before[key], after[key]),
  );
}

async function read(file: string): Promise<string> {
  try {
    const stats = await stat(file);
    if (!stats.isFile()) throw new Error(text('settingcheck.notRegular'));
    if (stats.size > MAX_SIZE) throw new Error(text('settingcheck.tooLarge'));
    return (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    throw new UserError(text('settingcheck.notRead', { file, problem: systemMessage(error) }));
  }
}
