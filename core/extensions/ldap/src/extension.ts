import { readFile } from 'node:fs/promises';
import { type ExtensionContext, systemMessage, UserError } from 'picosocks5';
import { Directory } from './directory.js';
import { parseDirectoryUrl } from './url.js';

export function activate({ registries, configuration, secrets }: ExtensionContext): void {
  registries.authenticationSources.register({
    id: 'ldap',
    async open(argument, warn) {
      const url = parseDirectoryUrl(argument);
      const text = (key: string) => configuration.get<string>(`ldap.${key}`);
      const list = (key: string) => configuration.get<readonly string[]>(`ldap.${key}`) ?? [];
      const milliseconds = (key: string) => (configuration.get<number>(`ldap.${key}`) ?? 0) * 1000;
      const bindDn = text('bindDn');
      const password = await secrets.get('ldap.password');
      if (bindDn !== undefined && !password) {
        throw new UserError(
          'ldap.bindDn needs ldap.password: in the environment (PICOSOCKS5_SECRET_LDAP_PASSWORD), or ' +
            'ldap.password-file = FILE',
        );
      }
      const servers = list('servers');
      const startTls = configuration.get<boolean>('ldap.startTls') ?? false;
      for (const server of [url.server, ...servers]) {
        if (!startTls && server.startsWith('ldap:') && !isHere(server)) {
          warn(`${server} is sent passwords readably: use ldaps://, or set ldap.startTls`);
        }
      }
      return new Directory({
        url,
        servers,
        startTls,
        ca: await certificatesIn(text('ca')),
        timeout: milliseconds('timeout'),
        userDn: text('userDn'),
        bindDn,
        password,
        groupAttribute: text('groupAttribute'),
        groupFilter: text('groupFilter'),
        groupBase: text('groupBase'),
        groupName: text('groupName') ?? 'cn',
        groups: list('groups'),
        cache: milliseconds('cache'),
        recheck: milliseconds('recheck'),
        pool: configuration.get<number>('ldap.pool') ?? 1,
      });
    },
  });
}

async function certificatesIn(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const pem = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UserError(`ldap.ca: cannot read "${file}": ${systemMessage(error)}`);
  });
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new UserError(`ldap.ca: there is no certificate in PEM in "${file}"`);
}

/** Whether a server is on this machine. */
function isHere(server: string): boolean {
  const { hostname } = new URL(server);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
