import { checkServerOptions, messageOf, OPTIONS, type ServerOptions, UserError } from 'picosocks5';
import {
  bindingFault,
  isFileSetting,
  partsOfVia,
  type SettingChange,
  type SettingDescriptor,
  type SettingKey,
  type SettingValues,
  showsPassword,
} from '../ipc/contract.js';
import { parseBypass } from '../systemproxy/bypass.js';
import { text } from '../words/words.js';
import { checkPemFile } from './certificate.js';
import { DESCRIPTORS, descriptorOf } from './descriptors.js';

/** All settings as they come. */
export const DEFAULTS = Object.fromEntries(
  DESCRIPTORS.map(({ key, default: value }) => [key, value]),
) as unknown as SettingValues;

/** How long a text or a list of a setting may be. */
const MAX_LENGTH = 1000;

/** What a value of a setting has to be, in words. */
export function expected({ type, choices, minimum, maximum }: SettingDescriptor): string {
  switch (type) {
    case 'boolean':
      return text('settingcheck.boolean');
    case 'number':
      return text('settingcheck.number', {
        minimum: String(minimum),
        maximum: String(maximum),
      });
    case 'choice':
      return text('settingcheck.choice', {
        choices: choices?.map(({ value }) => value).join(', ') ?? '',
      });
    case 'text':
      return text('settingcheck.text');
    case 'file':
      return text('settingcheck.file');
    case 'list':
      return text('settingcheck.list');
  }
}

/** Settings that are ports, which have no fractions. */
const PORTS: readonly SettingKey[] = ['port', 'lanPort'];

const isText = (value: unknown) => typeof value === 'string' && value.length <= MAX_LENGTH;

/** Whether a value is of the kind that a setting has; the server may still refuse it. */
export function fits(descriptor: SettingDescriptor, value: unknown): boolean {
  const { key, type, choices, minimum = 0, maximum = 0 } = descriptor;
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'number':
      if (typeof value !== 'number') return false;
      if (PORTS.includes(key) && !Number.isInteger(value)) return false;
      return value >= minimum && value <= maximum;
    case 'choice':
      return choices?.some((choice) => choice.value === value) ?? false;
    case 'text':
    case 'file':
      return isText(value);
    case 'list':
      return Array.isArray(value) && value.length <= MAX_LENGTH && value.every(isText);
  }
}

/**
 * Checks a value of a setting, as the server would.
 *
 * @param upstreams the names of the upstream servers that there are, and of other ways out.
 * @throws {UserError} with one sentence that says what would be right.
 */
export function checkSetting(
  { key, value }: SettingChange,
  upstreams: readonly string[] = [],
): void {
  const descriptor = descriptorOf(key);
  const { title } = descriptor;
  if (!fits(descriptor, value)) {
    throw new UserError(text('settingcheck.expected', { title, expected: expected(descriptor) }));
  }
  const isAddress = key === 'listenAddress' || key === 'lanAddress';
  if (isAddress && (value as readonly string[]).length === 0) {
    const example = String(descriptor.default);
    const one = text('settingcheck.oneAddress', { example });
    throw new UserError(text('settingcheck.expected', { title, expected: one }));
  }
  const values: SettingValues = { ...DEFAULTS, [key]: value };
  try {
    if (isFileSetting(key)) checkPemFile(key, values[key]);
    if (key === 'systemProxyBypass') values.systemProxyBypass.forEach(parseBypass);
    if (key === 'keys') checkKeys(values.keys);
    if (key === 'via') for (const rule of values.via) checkWays(rule, upstreams);
    checkServerOptions(serverOptions(values));
    checkServerOptions({ listen: lanEndpoints(values).map(withoutInterface) });
  } catch (error) {
    const problem = error instanceof UserError ? error.problem : messageOf(error);
    throw new UserError(text('settingcheck.wrong', { title, problem }));
  }
}

/**
 * `[ADDRESS]:PORT` as the server takes it, of an address with or without brackets.
 *
 * @throws {UserError} if the address has a port.
 */
function endpoint(address: string, port: number): string {
  const host = address.trim();
  if (/^[^:]*:\d+$|\]:\d+$/.test(host)) {
    throw new UserError(text('settingcheck.portApart', { host }));
  }
  const isV6 = host.includes(':') && !host.startsWith('[');
  return `${isV6 ? `[${host}]` : host}:${port}`;
}

/** @throws {UserError} if one of the keys of commands cannot be one. */
function checkKeys(entries: readonly string[]): void {
  const fault = entries.map(bindingFault).find((found) => found !== undefined);
  if (fault !== undefined) throw new UserError(fault);
}

/** @throws {UserError} if a rule leads through a server that is not there, or shows a password. */
function checkWays(rule: string, upstreams: readonly string[]): void {
  if (showsPassword(rule)) {
    throw new UserError(text('settingcheck.passwordInRoute'));
  }
  const known = ['direct', 'block', ...upstreams];
  for (const way of partsOfVia(rule).ways) {
    if (!/^[\w.-]+$/.test(way) || known.includes(way)) continue;
    const names = known.map((name) => `"${name}"`).join(', ');
    throw new UserError(text('settingcheck.noUpstream', { rule, way, known: names }));
  }
}

/** Where the listener for the local network is to listen; an address can still be `@INTERFACE`. */
export function lanEndpoints({ lanAddress, lanPort }: SettingValues): string[] {
  return lanAddress.map((address) => endpoint(address, lanPort));
}

/** An interface may be any: it need not be there at present. */
function withoutInterface(endpoint: string): string {
  if (!endpoint.startsWith('@')) return endpoint;
  if (/^@[^\s:[\]]+:/.test(endpoint)) return '*';
  throw new UserError(text('settingcheck.interface'));
}

/** Whether a setting is an option of the server, under its name. */
function isOption(key: string): boolean {
  return (
    OPTIONS.some((option) => option.key === key) && descriptorOf(key as SettingKey).of === 'server'
  );
}

/** The options of the server that some settings come to: its users and the local network aside. */
export function serverOptions(values: SettingValues): ServerOptions {
  const { listenAddress, port, ...rest } = values;
  const own = Object.entries(rest).filter(([key, value]) => isOption(key) && value !== '');
  return {
    ...(Object.fromEntries(own) as ServerOptions),
    listen: listenAddress.map((address) => endpoint(address, port)),
  };
}
