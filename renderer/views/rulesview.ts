import { type SettingValues, showsPassword } from '../../main/ipc/contract.js';
import { recall, remember } from '../memory.js';

/** The settings that are lists of rules, each with a list of its own. */
export type RulesKey = keyof Pick<SettingValues, 'via' | 'request'>;

/** A rule that is being edited: it is not in force. */
export interface RuleDraft {
  /** Its place in the list when its editing began. */
  readonly at: number;
  readonly text: string;
  /** The rule as it is in force; undefined for a new one. */
  readonly was: string | undefined;
}

/** How a list of rules is looked at. */
export interface RulesLook {
  readonly draft: RuleDraft | undefined;
  /** The place of the rule that is chosen. */
  readonly chosen: number;
}

const INITIAL: Readonly<Record<RulesKey, RulesLook>> = {
  via: { draft: undefined, chosen: 0 },
  request: { draft: undefined, chosen: 0 },
};

/** The rules as they are looked at: it outlives visits to other views, and the page itself. */
class RulesView {
  #looks = recall('rules', INITIAL);

  look(key: RulesKey): RulesLook {
    return this.#looks[key];
  }

  change(key: RulesKey, change: Partial<RulesLook>): void {
    this.#looks = { ...this.#looks, [key]: { ...this.#looks[key], ...change } };
    const isSecret = showsPassword(this.#looks.via.draft?.text ?? '');
    const via = isSecret ? { ...this.#looks.via, draft: undefined } : this.#looks.via;
    remember('rules', { ...this.#looks, via });
  }
}

export const rulesView = new RulesView();

/** The place of a rule that is edited: of one that is not among the rules, where it is to be. */
export function placeOf(
  rules: readonly string[],
  { at, was }: RuleDraft,
): { readonly at: number; readonly isNew: boolean } {
  const present = was === undefined ? -1 : rules[at] === was ? at : rules.indexOf(was);
  return present < 0
    ? { at: Math.min(at, rules.length), isNew: true }
    : { at: present, isNew: false };
}

/** Rules with one of them being what is typed. */
export function withDraft(rules: readonly string[], draft: RuleDraft): string[] {
  const { at, isNew } = placeOf(rules, draft);
  return rules.toSpliced(at, isNew ? 0 : 1, draft.text.trim());
}

/** Rules of which one has gone to another place. */
export function moved(rules: readonly string[], from: number, to: number): string[] {
  const [rule = ''] = rules.slice(from, from + 1);
  return rules.toSpliced(from, 1).toSpliced(to, 0, rule);
}

/**
 * Request rules that deny a host first of all; where there were none, all else stays allowed.
 *
 * @param host as rules have it.
 */
export function denying(rules: readonly string[], host: string): string[] {
  const others = rules.length === 0 ? ['all'] : rules;
  const rule = `!all:${host}`;
  return [rule, ...others.filter((other) => other !== rule)];
}
