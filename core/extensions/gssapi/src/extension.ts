import { type AuthenticationSource, type ExtensionContext, UserError } from 'picosocks5';
import { Groups } from './groups.js';
import { Level, type LevelName } from './levels.js';
import { type Credentials, GssError, Library } from './library.js';
import { gssapi } from './method.js';
import { parsePrincipal, userOf } from './principal.js';

/** @throws {UserError} if the library or the keytab cannot be used. */
export async function activate(context: ExtensionContext): Promise<void> {
  const { configuration, registries, log, subscriptions } = context;
  const keytab = configuration.get<string>('gssapi.keytab');
  const service = configuration.get<string>('gssapi.service') ?? 'rcmd';
  const levels = configuration.get<readonly LevelName[]>('gssapi.levels') ?? [];
  const realms = configuration.get<readonly string[]>('gssapi.realms') ?? [];
  const warn = (message: string) => log.warn(message);
  if (levels.length === 0) {
    throw new UserError('gssapi.levels is empty; expected clear, integrity, confidentiality');
  }
  const groups = await Groups.open(
    configuration.get<readonly string[]>('gssapi.groups') ?? [],
    configuration.get<string>('gssapi.groups-file'),
    warn,
  );
  const library = await Library.load();
  const credentials = acquire(library, keytab);
  subscriptions.push(credentials);
  try {
    library.acquire(keytab, service).dispose();
  } catch {
    log.warn(
      `the keytab has no principal ${service}/HOST, which clients ask for; others of it serve`,
    );
  }
  const method = gssapi({
    ...{ library, credentials, realms, groups, warn },
    levels: levels.map((name) => Level[name]),
  });
  registries.authenticationMethods.register(method);
  registries.authenticationSources.register({
    id: 'gssapi',
    open(argument) {
      if (argument === '') return source(realms, groups);
      throw new UserError(`nothing stands behind "gssapi:", but "${argument}"; see gssapi.keytab`);
    },
  });
}

/** @throws {UserError} if the keytab cannot be read. */
function acquire(library: Library, keytab: string | undefined): Credentials {
  try {
    return library.acquire(keytab);
  } catch (error) {
    if (!(error instanceof GssError)) throw error;
    const which = keytab === undefined ? "the system's keytab" : `the keytab "${keytab}"`;
    throw new UserError(`${which} cannot be used: ${error.message}`);
  }
}

/** The users of the realms, none of whom has a password here. */
function source(realms: readonly string[], groups: Groups): AuthenticationSource {
  return {
    name: 'gssapi',
    kinds: new Set(),
    get groups() {
      return groups.names;
    },
    async identify(user) {
      const stripped = realms.find((realm) => !realm.startsWith('@'));
      const isLocal = parsePrincipal(user).realm === '';
      const name = isLocal && stripped !== undefined ? `${user}@${stripped}` : user;
      if (userOf(parsePrincipal(name), realms) !== user) return undefined;
      return { user, group: await groups.of(name) };
    },
  };
}
