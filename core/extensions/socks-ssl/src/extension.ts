import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type ExtensionContext, messageOf, systemMessage, UserError } from 'picosocks5';
import { socksSsl } from './method.js';
import { type Credentials, credentialsOf } from './tls.js';

/** @throws {UserError} if the certificate, its key, or that of the authorities cannot be used. */
export async function activate({
  configuration,
  registries,
  log,
}: ExtensionContext): Promise<void> {
  const cert = configuration.get<string>('socks-ssl.cert');
  if (cert === undefined) {
    throw new UserError('socks-ssl.cert is missing: the certificate that the server shows, in PEM');
  }
  const key = configuration.get<string>('socks-ssl.key') ?? cert;
  const ca = configuration.get<string>('socks-ssl.client-ca');
  const credentials = await load(cert, key, ca);
  for (const method of socksSsl(credentials, (message) => log.warn(message))) {
    registries.authenticationMethods.register(method);
  }
  registries.authenticationSources.register({
    id: 'ssl',
    open(argument) {
      if (argument !== '') {
        throw new UserError(
          `nothing stands behind "ssl:", but "${argument}"; see socks-ssl.client-ca`,
        );
      }
      if (ca === undefined) {
        throw new UserError('"ssl:" needs socks-ssl.client-ca, which says who signs for users');
      }
      // Who they are, only their certificates say.
      return { name: 'ssl', kinds: new Set() };
    },
  });
}

async function load(cert: string, key: string, ca: string | undefined): Promise<Credentials> {
  const shown = await read('certificate', cert);
  const own = await read('key', key);
  const authorities = ca === undefined ? undefined : await read('certificates', ca);
  for (const [octets, file] of [
    [shown, cert],
    [authorities, ca],
  ] as const) {
    try {
      if (octets !== undefined) new X509Certificate(octets);
    } catch (error) {
      throw new UserError(`"${file}" has no certificate in PEM: ${messageOf(error)}`);
    }
  }
  try {
    return credentialsOf(shown, own, authorities);
  } catch (error) {
    throw new UserError(
      `the certificate in "${cert}" cannot be used with the key in "${key}": ${messageOf(error)}`,
    );
  }
}

async function read(what: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UserError(`cannot read the ${what} "${file}": ${systemMessage(error)}`);
  }
}
