import { html, type TemplateResult } from 'lit';
import { partsOfVia } from '../../main/ipc/contract.js';
import { icon } from '../icon.js';
import type { RulesKey } from './rulesview.js';

/** What a list of rules is called, and how its rules are shown. */
export interface RuleKind {
  readonly title: string;
  /** What one of them is called. */
  readonly noun: string;
  readonly hint: string;
  readonly placeholder: string;
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
    title: 'Routes',
    noun: 'route',
    hint:
      'Which way connections leave: direct, block, or an upstream server; several with | between ' +
      'are tried in their order. DESTINATION is an address, a network such as 10.0.0.0/8, a name, ' +
      '*.NAME, or * for all. The first route that matches decides.',
    placeholder: 'DESTINATION[:PORTS]=WAY, such as *.example.com:443=work',
    initial: '',
    otherwise: (rules) => {
      if (rules.some((rule) => ['', '*'].includes(partsOfVia(rule).destination))) return '';
      return `Everything${rules.length === 0 ? '' : ' else'} leaves directly.`;
    },
    show: showVia,
    say: sayVia,
  },
  request: {
    title: 'Request rules',
    noun: 'rule',
    hint:
      'Where connections may go: connect, bind, assoc or all, and the destination that it is ' +
      'about; ! denies. The first rule that matches decides.',
    placeholder: '[!]COMMAND[:DESTINATION[:PORTS]], such as !all:*.example.com',
    initial: '',
    otherwise: (rules) => {
      if (rules.length === 0) return 'Everything is allowed.';
      return rules.some(isAboutAll) ? '' : 'Everything else is refused.';
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
    <span class="dim">${isBlocked ? 'is' : 'goes'}</span>
    <span>${isBlocked ? 'blocked' : wayWords(ways)}</span>`;
}

function sayVia(rule: string): string {
  const { destination, ways } = partsOfVia(rule);
  const what = destination === '' || destination === '*' ? 'everything' : destination;
  return ways[0] === 'block' ? `${what} is blocked` : `${what} goes ${wayWords(ways)}`;
}

/** Ways in words: `directly`, `through work, or else directly`. */
export function wayWords(ways: readonly string[]): string {
  return ways.map((way) => (way === 'direct' ? 'directly' : `through ${way}`)).join(', or else ');
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
    <span>${denies ? 'Deny' : 'Allow'}</span>
    <span class="dim">${command}</span>
    <code>${destination}</code>`;
}

function sayRequest(rule: string): string {
  const { denies, command, destination } = partsOfRequest(rule);
  const where = destination === '*' ? 'everything' : destination;
  return `${denies ? 'deny' : 'allow'} ${command} to ${where}`;
}
