import { type Address, messageOf, type ServerOptions, UserError } from 'picosocks5';
import {
  type CertificateFacts,
  type Endpoint,
  type InterfaceAddress,
  type SettingFault,
  type SettingKey,
  type SettingValues,
  THIS_COMPUTER,
} from '../ipc/contract.js';
import { readCertificate } from '../settings/certificate.js';
import { lanEndpoints } from '../settings/values.js';
import { KEYCHAIN_SOURCE } from '../users/source.js';
import { text } from '../words/words.js';
import { endpointsOf } from './endpoints.js';
import { knownWords } from './words.js';

/** The name of the listener for the local network. */
export const LAN = 'lan';

type ListenerOptions = NonNullable<ServerOptions['listeners']>[string];

/** The listener for the local network, as settings describe it. */
export interface LanListener {
  readonly options: ListenerOptions;
  /** Of its certificate; undefined without TLS. */
  readonly certificate: CertificateFacts | undefined;
}

/** What a listener for the local network goes by besides the settings. */
export interface LanSurroundings {
  /** Whether there is anybody who could log in. */
  readonly hasUsers: boolean;
  /** The addresses of this machine at present. */
  readonly addresses: readonly InterfaceAddress[];
}

/** Why there can be no listener for the local network: a sentence, and the setting that it is about. */
export class LanError extends UserError {
  readonly key: SettingKey;
  readonly words: () => string;

  /** @param words says it in the language in force. */
  constructor(key: SettingKey, words: () => string) {
    super(words());
    this.key = key;
    this.words = words;
  }
}

/**
 * The listener for the local network that settings describe; undefined if they want none.
 *
 * @throws {LanError} if there can be none.
 */
export function lanListener(
  values: SettingValues,
  { hasUsers, addresses }: LanSurroundings,
): LanListener | undefined {
  if (!values.lan) return undefined;
  if (!hasUsers) {
    throw new LanError('lan', () => text('server.lanNobody'));
  }
  const listen = lanEndpoints(values).flatMap((endpoint) => withAddresses(endpoint, addresses));
  const common = { auth: [KEYCHAIN_SOURCE], anonymous: false };
  if (!values.lanTls) return { options: { ...common, listen }, certificate: undefined };
  const { lanCertificate: tlsCert, lanKey: tlsKey } = values;
  if (tlsCert === '') throw new LanError('lanCertificate', () => text('server.lanCertificate'));
  if (tlsKey === '') throw new LanError('lanKey', () => text('server.lanKey'));
  const certificate = certificateOf(tlsCert);
  const secure = listen.map((endpoint) => `tls://${endpoint}`);
  return { options: { ...common, listen: secure, tlsCert, tlsKey }, certificate };
}

function certificateOf(file: string): CertificateFacts {
  try {
    return readCertificate(file);
  } catch (error) {
    throw new LanError('lanCertificate', () => `${messageOf(error)}.`);
  }
}

/** An endpoint whose address is `@INTERFACE`, with all addresses that this has now. */
function withAddresses(endpoint: string, addresses: readonly InterfaceAddress[]): string[] {
  const [, name, port] = /^@(.+):(\d+)$/.exec(endpoint) ?? [];
  if (name === undefined) return [endpoint];
  const own = addresses.filter((candidate) => candidate.interface === name);
  if (own.length > 0) {
    return own.map(({ address }) => `${address.includes(':') ? `[${address}]` : address}:${port}`);
  }
  throw new LanError('lanAddress', () => text('server.lanInterface', { name }));
}

/** The settings that options of the listener come from. */
const KEYS: Readonly<Record<string, SettingKey | undefined>> = {
  tlsCert: 'lanCertificate',
  tlsKey: 'lanKey',
};

/** What is wrong with the listener for the local network, in a sentence, and where. */
export function lanFault(error: unknown): SettingFault {
  if (error instanceof LanError) return { key: error.key, message: error.words() };
  const sentence =
    error instanceof UserError ? (knownWords(error) ?? error.problem) : messageOf(error);
  const message = `${sentence.charAt(0).toUpperCase()}${sentence.slice(1).replace(/\.$/, '')}.`;
  return { key: keyOf(error), message };
}

function keyOf(error: unknown): SettingKey {
  if (!(error instanceof UserError)) return 'lan';
  const { code, option = '' } = error;
  if (code === 'address-in-use' || code === 'port-denied') return 'lanPort';
  if (code === 'address-missing' || code === 'unresolved') return 'lanAddress';
  return KEYS[option] ?? 'lan';
}

/** A listener of a running server. */
interface Listening {
  readonly name: string;
  readonly addresses: readonly Address[];
}

function addressesOf(listeners: readonly Listening[], isLan: boolean): Address[] {
  return listeners
    .filter(({ name }) => (name === LAN) === isLan)
    .flatMap(({ addresses }) => addresses);
}

/** Where a server listens for those who need not log in, if anybody does not. */
export function openTo(listeners: readonly Listening[]): Address[] {
  return addressesOf(listeners, false);
}

/**
 * Where programs reach a server: at first those of this computer, and then those of others.
 *
 * @param addresses those of this machine.
 * @param lan its listener for the local network.
 */
export function reachedAt(
  listeners: readonly Listening[],
  addresses: readonly InterfaceAddress[],
  lan: LanListener | undefined,
): Endpoint[] {
  const own = endpointsOf(addressesOf(listeners, false), addresses);
  const others = endpointsOf(addressesOf(listeners, true), addresses);
  // Where all addresses are meant, those of this computer are of no use to others.
  const isReached = others.some(({ place }) => place !== THIS_COMPUTER);
  const reached = others.filter(({ place }) => !isReached || place !== THIS_COMPUTER);
  const certificate = lan?.certificate;
  const facts = { lan: true, ...(certificate && { certificate }) } as const;
  return [...own, ...reached.map((endpoint) => ({ ...endpoint, ...facts }))];
}
