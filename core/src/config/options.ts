import { UserError } from '../base/errors.js';
import { checkSettings } from './extensions.js';
import { checkListenerName, demandListen } from './listeners.js';
import { checkValue } from './option.js';
import { OPTIONS } from './optionlist.js';
import { checkSections } from './sections.js';
import type { CheckedOptions, ServerOptions, Settings } from './settings.js';
import { checkUpstreams } from './upstreamoptions.js';

const serverOptions = OPTIONS.filter(({ section }) => section !== 'Process and log');

/** The value of an option that nobody has given. */
export function defaultOf(key: keyof ServerOptions): unknown {
  return serverOptions.find((option) => option.key === key)?.default;
}

/** What stands in sections. */
const sectionKeys: readonly string[] = ['groups', 'users', 'listeners', 'upstreams', 'settings'];

/**
 * Those of the options that are the server's, not the command's.
 *
 * @throws {UserError} naming file and line, if a section of a listener does not say where it
 *   listens.
 */
export function pickServerOptions(settings: Settings): ServerOptions {
  for (const [name, own] of Object.entries(settings.listeners ?? {})) {
    demandListen(name, own, settings.listenerPlaces?.[name]);
  }
  const given: Readonly<Record<string, unknown>> = { ...settings };
  const others = onlyForControl(settings);
  const own = serverOptions.filter(({ key }) => given[key] !== undefined && !others.has(key));
  return {
    ...Object.fromEntries(own.map(({ key }) => [key, given[key]])),
    groups: settings.groups ?? {},
    users: settings.users ?? {},
    listeners: settings.listeners ?? {},
    upstreams: settings.upstreams ?? {},
    settings: settings.settings ?? {},
  };
}

const CERTIFICATE: ReadonlySet<string> = new Set(['tlsCert', 'tlsKey']);

/** The options of a certificate that nobody shows but the control interface. */
function onlyForControl({ control, listen, listeners = {} }: Settings): ReadonlySet<string> {
  const addresses = [
    ...(listen ?? []),
    ...Object.values(listeners).flatMap((own) => own.listen ?? []),
  ];
  const hasTls = addresses.some((address) => address.startsWith('tls://'));
  return control?.startsWith('tls:') && !hasTls ? CERTIFICATE : new Set();
}

/**
 * Options that are read once, when the process starts: those that a reload would change.
 *
 * @returns their names.
 */
export function waitForRestart(before: Settings, after: Settings): string[] {
  const fixed = OPTIONS.filter(
    (option) => !serverOptions.includes(option) && option.key !== 'loglevel',
  );
  return fixed.filter(({ key }) => before[key] !== after[key]).map(({ name }) => name);
}

/**
 * Checks the options of a server given by a program.
 *
 * @returns all of them, with the defaults of those that are not given.
 * @throws {UserError} naming the option.
 */
export function checkServerOptions(options: ServerOptions): CheckedOptions {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const checked: Record<string, unknown> = {};
  for (const name of Object.keys(given)) {
    if (!sectionKeys.includes(name) && !serverOptions.some(({ key }) => key === name)) {
      const error = new UserError('there is no such option');
      throw UserError.at(name, error, { code: 'invalid-option', option: name });
    }
  }
  for (const option of serverOptions) {
    const value = given[option.key];
    try {
      checked[option.key] = value === undefined ? option.default : checkValue(option, value);
    } catch (error) {
      throw UserError.at(option.key, error, { code: 'invalid-option', option: option.key });
    }
  }
  const { groups = {}, users = {}, listeners = {}, upstreams = {} } = options;
  const sections = checkSections({ groups, users, listeners });
  for (const name of Object.keys(sections.listeners)) checkListenerName(name);
  // Where there are listeners of other names, only who asks for the one without a section has it.
  const hasOthers = Object.keys(sections.listeners).length > 0;
  if (hasOthers && options.listen === undefined) checked['listen'] = [];
  const settings = checkSettings(options.settings ?? {});
  const others = { upstreams: checkUpstreams(upstreams), settings };
  return { ...checked, ...sections, ...others } as unknown as CheckedOptions;
}
