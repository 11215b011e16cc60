import { html, type TemplateResult } from 'lit';
import { partsOfVia } from '../../main/ipc/contract.js';
import { type PlainKey, text } from '../../main/words/words.js';
import { icon } from '../icon.js';
import type { RulesKey } from './rulesview.js';

/** What a list of rules is called, and how its rules are shown. */
export interface RuleKind {
  readonly title: PlainKey;
  /** What one of them is called. */
  readonly noun: 'route' | 'rule';
  readonly hint: PlainKey;
  readonly placeholder: PlainKey;
  /** What a new one begins as. */
  readonly initial: string;
  /** What comes of a destination that no rule is about. */
  readonly otherwise: (rules: readonly string[]) => string;
  readonly show: (rule: string) => TemplateResult;
  /** A rule as it is spoken. */
  readonly say: (rule: string) => string;
}

export const RULE_KINDS: Readonly<Record<RulesKey, RuleKind>> = {
  via: {
    title: 'routing.routes',
    noun: 'route',
    hint: 'routing.routes.hint',
    placeholder: 'routing.routes.placeholder',
    initial: '',
    otherwise: (rules) => {
      if (rules.some((rule) => ['', '*'].includes(partsOfVia(rule).destination))) return '';
      return text(rules.length === 0 ? 'routing.allDirect' : 'routing.restDirect');
    },
    show: showVia,
    say: sayVia,
  },
  request: {
    title: 'routing.rules',
    noun: 'rule',
    hint: 'routing.rules.hint',
    placeholder: 'routing.rules.placeholder',
    initial: '',
    otherwise: (rules) => {
      if (rules.length === 0) return text('routing.allAllowed');
      return rules.some(isAboutAll) ? '' : text('routing.restRefused');
    },
    show: showRequest,
    say: sayRequest,
  },
};

function showVia(rule: string): TemplateResult {
  const { destination, ways } = partsOfVia(rule);
  const [only = ''] = ways;
  const isBlocked = only === 'block';
  return html`${icon(isBlocked ? 'circle-slash' : 'arrow-right')}
    <code>${destination || '*'}</code>
    <span>${isBlocked ? text('routing.isBlocked') : text('routing.goes', { way: wayWords(ways) })}</span>`;
}

function sayVia(rule: string): string {
  const { destination, ways } = partsOfVia(rule);
  const what = destination === '' || destination === '*' ? text('routing.everything') : destination;
  return ways[0] === 'block'
    ? text('routing.sayBlocked', { destination: what })
    : text('routing.sayGoes', { destination: what, way: wayWords(ways) });
}

/** Ways in words: `directly`, `through work, or else directly`. */
export function wayWords(ways: readonly string[]): string {
  const word = (way: string) =>
    way === 'direct' ? text('routing.directly') : text('routing.through', { name: way });
  return ways.map(word).join(text('routing.orElse'));
}

function partsOfRequest(rule: string): { denies: boolean; command: string; destination: string } {
  const denies = rule.startsWith('!');
  const body = denies ? rule.slice(1) : rule;
  const colon = body.indexOf(':');
  const destination = colon < 0 ? '*' : body.slice(colon + 1);
  return { denies, command: colon < 0 ? body : body.slice(0, colon), destination };
}

function isAboutAll(rule: string): boolean {
  const { command, destination } = partsOfRequest(rule);
  return command === 'all' && destination === '*';
}

function showRequest(rule: string): TemplateResult {
  const { denies, command, destination } = partsOfRequest(rule);
  return html`${icon(denies ? 'circle-slash' : 'pass')}
    <span>${denies ? text('routing.deny') : text('routing.allow')}</span>
    <span class="dim">${command}</span>
    <code>${destination}</code>`;
}

function sayRequest(rule: string): string {
  const { denies, command, destination } = partsOfRequest(rule);
  const where = destination === '*' ? text('routing.everything') : destination;
  return text(denies ? 'routing.sayDeny' : 'routing.sayAllow', { command, destination: where });
}
