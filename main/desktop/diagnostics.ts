import type { LogLine, ServerStatus, SettingKey, SettingValues } from '../ipc/contract.js';
import { descriptorOf } from '../settings/descriptors.js';
import type { Crash } from './crashes.js';
import { placesIn, redactor } from './redact.js';

/** Texts and lists that have neither names nor places of others: of all others only how many. */
const PUBLIC: readonly SettingKey[] = [
  ...(['listenAddress', 'lanAddress', 'bindPorts', 'udpPorts', 'keys'] as const),
];

export interface DiagnosticFacts {
  /** Versions by what they are of. */
  readonly versions: Readonly<Record<string, string | undefined>>;
  /** The system, by what is told of it. */
  readonly system: Readonly<Record<string, string | undefined>>;
  readonly server: Pick<ServerStatus, 'state' | 'problem' | 'listening' | 'pending'>;
  readonly settings: SettingValues;
  readonly modified: readonly SettingKey[];
  /** How many there are of what, such as users. */
  readonly counts: Readonly<Record<string, number>>;
  /** Extensions and how they are. */
  readonly extensions: readonly { readonly name: string; readonly state: string }[];
  readonly crashes: readonly Crash[];
  readonly log: readonly LogLine[];
  /** Names of users, servers and the like, which are hidden wherever they are. */
  readonly names: readonly string[];
  readonly home: string;
}

/**
 * What helps others to find out what is wrong, as text: in English, for whoever mends it. Names,
 * passwords, and where connections lead are left out.
 */
export function diagnostics(facts: DiagnosticFacts): string {
  const places = facts.log.flatMap((line) => placesIn(line.text));
  const redact = redactor([...facts.names, ...places], facts.home);
  const report = (title: string, lines: readonly string[]) =>
    [`## ${title}`, ...(lines.length === 0 ? ['none'] : lines.map(redact)), ''].join('\n');
  const listed = (values: Readonly<Record<string, string | number | undefined>>) =>
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}: ${value}`],
    );
  const { state, problem, listening, pending } = facts.server;
  return [
    '# PicoSOCKS5',
    '',
    report('Versions', listed(facts.versions)),
    report('System', listed(facts.system)),
    report(
      'Server',
      listed({
        ...{ state, problem, listening: listening.join(', ') || undefined },
        pending: pending.join(', ') || undefined,
      }),
    ),
    report(
      'Settings that are not as they come',
      facts.modified.map((key) => `${key}: ${settingText(key, facts.settings)}`),
    ),
    report('Counts', listed(facts.counts)),
    report(
      'Extensions',
      facts.extensions.map(({ name, state: its }) => `${name}: ${its}`),
    ),
    report(
      'Crash reports',
      facts.crashes.map(({ time }) => new Date(time).toISOString()),
    ),
    report(
      'Log',
      facts.log.map(({ time, level, text }) => `${new Date(time).toISOString()} ${level} ${text}`),
    ),
  ].join('\n');
}

function settingText(key: SettingKey, settings: SettingValues): string {
  const value = settings[key];
  const isFree = ['text', 'list', 'file'].includes(descriptorOf(key).type);
  if (!isFree || PUBLIC.includes(key)) return JSON.stringify(value);
  return Array.isArray(value) ? `${value.length} entries` : 'set';
}
