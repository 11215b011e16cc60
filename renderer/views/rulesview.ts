import { type SettingValues, showsPassword } from '../../main/ipc/contract.js';
import { recall, remember } from '../memory.js';

/** The settings that are lists of rules, each with a list of its own. */
export type RulesKey = keyof Pick<SettingValues, 'via' | 'request'>;

/** A rule that is being edited: it is not in force. */
export interface RuleDraft {
  /** Its place in the list when its editing began, or {@link END}. */
  readonly at: number;
  readonly text: string;
  /** The rule as it is in force; undefined for a new one. */
  readonly was: string | undefined;
}

/** The place of a rule that comes after all others, however many there are by then. */
export const END = Number.MAX_SAFE_INTEGER;

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
  { at, was }: PlacedRule | RuleDraft,
): { readonly at: number; readonly isNew: boolean } {
  const present = was === undefined ? -1 : rules[at] === was ? at : rules.indexOf(was);
  return present < 0
    ? { at: Math.min(at, rules.length), isNew: true }
    : { at: present, isNew: false };
}

/** Rules with one of them being what is typed. */
export function withDraft(rules: readonly string[], draft: RuleDraft): ChangedRules {
  const { at, isNew } = placeOf(rules, draft);
  return { rules: rules.toSpliced(at, isNew ? 0 : 1, draft.text.trim()), at };
}

/** A rule, and the place at which it was last seen. */
interface PlacedRule {
  readonly at: number;
  readonly was: string;
}

/** Rules after a change, and the place of the one that it was about. */
export interface ChangedRules {
  readonly rules: string[];
  readonly at: number;
}

/** Rules of which one has gone so many places on, or back; undefined if it is not among them. */
export function moved(
  rules: readonly string[],
  rule: PlacedRule,
  steps: number,
): ChangedRules | undefined {
  const { at: from, isNew } = placeOf(rules, rule);
  const at = Math.max(0, Math.min(from + steps, rules.length - 1));
  if (isNew || at === from) return undefined;
  return { rules: rules.toSpliced(from, 1).toSpliced(at, 0, rule.was), at };
}

/** Rules without one of them; undefined if it is not among them. */
export function without(rules: readonly string[], rule: PlacedRule): ChangedRules | undefined {
  const { at, isNew } = placeOf(rules, rule);
  return isNew ? undefined : { rules: rules.toSpliced(at, 1), at };
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
