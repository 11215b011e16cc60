import { checkServerOptions, messageOf, type ServerOptions, UserError } from 'picosocks5';
import type {
  SettingChange,
  SettingDescriptor,
  SettingKey,
  SettingValues,
} from '../ipc/contract.js';
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
      return 'on or off';
    case 'number':
      return `a number from ${minimum} to ${maximum}`;
    case 'choice':
      return `one of ${choices?.map(({ value }) => value).join(', ')}`;
    case 'text':
      return 'a text';
    case 'list':
      return 'a list of texts';
  }
}

const isText = (value: unknown) => typeof value === 'string' && value.length <= MAX_LENGTH;

/** Whether a value is of the kind that a setting has; the server may still refuse it. */
export function fits(descriptor: SettingDescriptor, value: unknown): boolean {
  const { key, type, choices, minimum = 0, maximum = 0 } = descriptor;
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'number':
      if (typeof value !== 'number' || (key === 'port' && !Number.isInteger(value))) return false;
      return value >= minimum && value <= maximum;
    case 'choice':
      return choices?.some((choice) => choice.value === value) ?? false;
    case 'text':
      return isText(value);
    case 'list':
      return Array.isArray(value) && value.length <= MAX_LENGTH && value.every(isText);
  }
}

/**
 * Checks a value of a setting, as the server would.
 *
 * @throws {UserError} with one sentence that says what would be right.
 */
export function checkSetting({ key, value }: SettingChange): void {
  const descriptor = descriptorOf(key);
  if (!fits(descriptor, value)) {
    throw new UserError(`${descriptor.title}: expected ${expected(descriptor)}`);
  }
  if (key === 'listenAddress' && (value as readonly string[]).length === 0) {
    throw new UserError(`${descriptor.title}: expected at least one address, such as 127.0.0.1`);
  }
  try {
    checkServerOptions(serverOptions({ ...DEFAULTS, [key]: value }));
  } catch (error) {
    const sentence = error instanceof UserError ? error.problem : messageOf(error);
    throw new UserError(`${descriptor.title}: ${sentence}`);
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
    throw new UserError(`"${host}": the port has a setting of its own`);
  }
  const isV6 = host.includes(':') && !host.startsWith('[');
  return `${isV6 ? `[${host}]` : host}:${port}`;
}

/** The options of the server that some settings come to, its users aside. */
export function serverOptions(values: SettingValues): ServerOptions {
  const { listenAddress, port, ...rest } = values;
  const own = Object.entries(rest).filter(
    ([key, value]) => descriptorOf(key as SettingKey).of === 'server' && value !== '',
  );
  return {
    ...(Object.fromEntries(own) as ServerOptions),
    listen: listenAddress.map((address) => endpoint(address, port)),
  };
}
