import type { BigIntStats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { messageOf, systemMessage, UserError } from 'picosocks5';

/** Principals that have a group. */
interface Rule {
  readonly pattern: RegExp;
  readonly group: string;
}

/** Octets of a file of groups at most. */
const MAX_SIZE = 16 * 1024 * 1024;

/** Says in which groups principals are. */
export class Groups {
  readonly #rules: readonly Rule[];
  readonly #file: string | undefined;
  readonly #warn: (message: string) => void;
  #fileRules: readonly Rule[] = [];
  /** What tells one state of the file from another. */
  #state = '';

  /**
   * @param rules `PRINCIPAL=GROUP`; they come before those of the file.
   * @param warn told once of a file that cannot be read any more: then it is as it was.
   */
  private constructor(
    rules: readonly string[],
    file: string | undefined,
    warn: (message: string) => void,
  ) {
    this.#rules = rules.map((rule) => parseRule(rule, 'gssapi.groups'));
    this.#file = file;
    this.#warn = warn;
  }

  /** @throws {UserError} if the file cannot be read, or a line of it is wrong. */
  static async open(
    rules: readonly string[],
    file: string | undefined,
    warn: (message: string) => void,
  ): Promise<Groups> {
    const groups = new Groups(rules, file, warn);
    if (file !== undefined) await groups.#load(file);
    return groups;
  }

  /** All groups that there are. */
  get names(): ReadonlySet<string> {
    return new Set([...this.#rules, ...this.#fileRules].map(({ group }) => group));
  }

  /** The group of a principal, as the first rule says that fits; the file is read if it has changed. */
  async of(principal: string): Promise<string | undefined> {
    if (this.#file !== undefined) await this.#follow(this.#file);
    const rules = [...this.#rules, ...this.#fileRules];
    return rules.find(({ pattern }) => pattern.test(principal))?.group;
  }

  async #follow(file: string): Promise<void> {
    const before = this.#state;
    try {
      if (stateOf(await stat(file, { bigint: true })) !== before) await this.#load(file);
    } catch (error) {
      if (this.#state === before) this.#state = '?';
      else if (before === '?') return;
      this.#warn(`${messageOf(error)}; the groups are as they were`);
    }
  }

  async #load(file: string): Promise<void> {
    let text: string;
    let state: string;
    try {
      const stats = await stat(file, { bigint: true });
      if (stats.size > MAX_SIZE) throw new Error(`it has more than ${MAX_SIZE} octets`);
      state = stateOf(stats);
      text = await readFile(file, 'utf8');
    } catch (error) {
      throw new UserError(`cannot read the file of groups "${file}": ${systemMessage(error)}`);
    }
    this.#fileRules = text.split('\n').flatMap((line, i) => {
      const rule = line.replace(/^\s*#.*/, '').trim();
      return rule === '' ? [] : [parseRule(rule, `${file}:${i + 1}`)];
    });
    this.#state = state;
  }
}

function stateOf({ mtimeNs, size, ino }: BigIntStats): string {
  return `${mtimeNs} ${size} ${ino}`;
}

/** @throws {UserError} saying where it stands. */
function parseRule(text: string, place: string): Rule {
  const [, principal, group] = /^(\S+)=([^\s=]+)$/.exec(text) ?? [];
  if (principal === undefined || group === undefined) {
    throw new UserError(
      `${place}: expected PRINCIPAL=GROUP, such as */admin@EXAMPLE.ORG=admins, not "${text}"`,
    );
  }
  const parts = principal.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return { pattern: new RegExp(`^${parts.join('.*')}$`, 's'), group };
}
