import { readFile, stat } from 'node:fs/promises';
import { systemMessage, UserError } from '../base/errors.js';
import { exposure } from '../base/exposure.js';
import { didYouMean } from '../base/guess.js';
import type { Registries } from '../extensions/registries.js';
import type { ListenerAddresses } from '../listening/listeningsocket.js';
import type { Outbound } from '../outbound/outbound.js';
import type { Preference } from '../outbound/prefer.js';
import { itself } from '../outbound/upstream/ownaddress.js';
import {
  Upstream,
  type UpstreamParts,
  type UpstreamSettings,
} from '../outbound/upstream/upstream.js';
import { isOverTls } from '../outbound/upstream/upstreamtls.js';
import {
  checkLogin,
  nameOfUrl,
  parseUpstreamUrl,
  type UpstreamUrl,
} from '../outbound/upstream/url.js';
import type { Address } from '../protocol/address.js';
import { Routes, type ViaRule, type ViaRules } from '../session/routes.js';
import { readCertificates } from '../transport/pem.js';
import type { CheckedOptions, ListenerOptions, UpstreamOptions } from './settings.js';
import { UPSTREAM_TIMEOUT } from './upstreamoptions.js';
import { parseVia, type WrittenWay } from './via.js';

/** How long the names of upstreams may be looked for before the server begins, ms. */
const LOOK_TIME = 1000;
/** Octets of a password file of an upstream at most. */
const MAX_PASSWORD_FILE = 4096;

/** What is needed to load routes, beside the options. */
export interface RouteParts extends UpstreamParts {
  readonly registries: Registries;
  /** Ways out, as they are at any moment. */
  readonly outbounds: Iterable<Outbound>;
  /** Reads a file, where that is not up to this process alone. */
  readonly readFile?: ((file: string) => Promise<Buffer>) | undefined;
}

type RouteOptions = Pick<CheckedOptions, 'via' | 'upstreams' | 'groups' | 'users' | 'prefer'>;

/** What is to be known of a listener. */
interface DescribedAddresses extends ListenerAddresses {
  readonly own: ListenerOptions;
}

/**
 * Makes the rules of `--via` and the upstreams that they lead to.
 *
 * @param listeners whose addresses are no upstreams: these would be the server itself.
 * @throws {UserError} if one cannot be used; no password is in it.
 */
export async function loadRoutes(
  options: RouteOptions,
  listeners: readonly DescribedAddresses[],
  parts: RouteParts,
): Promise<Routes> {
  const upstreams = new Upstreams(options, parts);
  await upstreams.load();
  const read = (via: readonly string[] = [], section?: string): ViaRules =>
    via.map((text) => {
      const place = section === undefined ? 'via' : `[${section}]: via`;
      try {
        return upstreams.rule(text, section);
      } catch (error) {
        throw UserError.at(place, error, { code: 'invalid-option', option: 'via' });
      }
    });
  const groups = new Map(
    Object.entries(options.groups).map(([name, { via }]) => [name, read(via, name)]),
  );
  const users = Object.entries(options.users).map(([name, { via }]): [string, ViaRules] => [
    name,
    read(via, `user:${name}`),
  ]);
  const ofListeners = listeners.map(({ name, own }): [string, ViaRules] => [
    name,
    read(own.via, `listener:${name}`),
  ]);
  const table = {
    users: new Map(users),
    groups: withBases(groups, options.groups),
    listeners: new Map(ofListeners),
    global: read(options.via),
  };
  await upstreams.demandOthers(listeners.flatMap(({ addresses }) => addresses));
  upstreams.tellIdle();
  return new Routes(table, parts.outbounds, upstreams.named);
}

/** The rules of groups, with those of their bases behind them. */
function withBases(
  rules: ReadonlyMap<string, ViaRules>,
  groups: CheckedOptions['groups'],
): ReadonlyMap<string, ViaRules> {
  const whole = [...rules.keys()].map((name): [string, ViaRules] => {
    const chain = new Set<string>();
    for (let next: string | undefined = name; next !== undefined && !chain.has(next); ) {
      chain.add(next);
      next = groups[next]?.base;
    }
    return [name, [...chain].flatMap((one) => rules.get(one) ?? [])];
  });
  return new Map(whole);
}

/** What a section says beside a URL. */
type More = Pick<UpstreamSettings, 'timeout' | 'through' | 'authorities' | 'prefer'>;

/** All upstreams that options name, each made once. */
class Upstreams {
  readonly #options: Readonly<Record<string, UpstreamOptions>>;
  /** What is said for all. */
  readonly #prefer: Preference | undefined;
  readonly #parts: RouteParts;
  readonly #named = new Map<string, Upstream>();
  readonly #byUrl = new Map<string, Upstream>();
  readonly #used = new Set<string>();

  constructor(
    { upstreams, prefer }: Pick<CheckedOptions, 'upstreams' | 'prefer'>,
    parts: RouteParts,
  ) {
    this.#options = upstreams;
    this.#prefer = prefer;
    this.#parts = parts;
  }

  /** Those that have sections. */
  get named(): ReadonlyMap<string, Upstream> {
    return this.#named;
  }

  /** Makes those that have sections. */
  async load(): Promise<void> {
    const { outbounds } = this.#parts.registries;
    for (const name of Object.keys(this.#options)) {
      if (outbounds.get(name) !== undefined) {
        throw new UserError(`[upstream:${name}]: ${name} is a way out already; use another name`);
      }
      await this.#load(name);
    }
  }

  async #load(name: string): Promise<Upstream> {
    const made = this.#named.get(name);
    if (made !== undefined) return made;
    const options = this.#options[name] as UpstreamOptions;
    try {
      const { through } = options;
      if (through !== undefined) this.#used.add(through);
      const before = through === undefined ? undefined : await this.#load(through);
      const written = parseUpstreamUrl(options.url);
      const user = options.user ?? written.user;
      const password = written.password ?? (await this.#password(options));
      const url = { ...written, user, password };
      const timeout = (options.timeout ?? UPSTREAM_TIMEOUT) * 1000;
      const authorities = await this.#authorities(options, url.scheme);
      const { prefer = this.#prefer } = options;
      const upstream = this.#make(name, url, { timeout, through: before, authorities, prefer });
      this.#named.set(name, upstream);
      return upstream;
    } catch (error) {
      const isPlaced = error instanceof UserError && error.message.startsWith('[upstream:');
      throw isPlaced ? error : UserError.at(`[upstream:${name}]`, error);
    }
  }

  async #authorities(
    { tlsCa }: UpstreamOptions,
    scheme: string,
  ): Promise<readonly string[] | undefined> {
    if (tlsCa === undefined) return undefined;
    if (!isOverTls(scheme)) throw new UserError(`tls-ca: ${scheme} is not spoken over TLS`);
    const octets = await this.#read('certificates', tlsCa);
    return readCertificates({ name: tlsCa, octets }).map(({ pem }) => pem);
  }

  async #read(what: string, file: string): Promise<Buffer> {
    const read = this.#parts.readFile ?? readFile;
    try {
      return await read(file);
    } catch (error) {
      throw new UserError(`cannot read the ${what} "${file}": ${systemMessage(error)}`);
    }
  }

  async #password({ password, passwordFile }: UpstreamOptions): Promise<string | undefined> {
    if (passwordFile === undefined) return password;
    const octets = await this.#read('password file', passwordFile);
    await this.#warnOfReaders(passwordFile);
    if (octets.length > MAX_PASSWORD_FILE) {
      throw new UserError(`the password file "${passwordFile}" has more than a password`);
    }
    const [line = '', ...rest] = octets.toString('utf8').split(/\r?\n/);
    if (line === '' || rest.some((text) => text !== '')) {
      throw new UserError(`the password file "${passwordFile}": expected one line, the password`);
    }
    return line;
  }

  async #warnOfReaders(file: string): Promise<void> {
    const stats = await stat(file).catch(() => undefined);
    if (stats?.isFile() !== true || process.platform === 'win32') return;
    const { warn } = this.#parts;
    const exposed = exposure('password file', file, stats);
    if (exposed !== undefined) warn(exposed);
  }

  #make(name: string, url: UpstreamUrl, more: More): Upstream {
    const { scheme, host, port, user, password } = url;
    const all = [...this.#parts.registries.outbounds];
    const outbound = all.findLast(({ schemes }) => schemes?.includes(scheme));
    if (outbound === undefined) {
      const known = all.flatMap(({ schemes = [] }) => schemes);
      const hint = didYouMean(scheme, known);
      throw new UserError(`unknown scheme "${scheme}"; expected one of ${known.join(', ')}${hint}`);
    }
    if (user !== undefined) checkUse(scheme, user, password);
    const login = {
      user: user === undefined ? undefined : Buffer.from(user),
      password: password === undefined ? undefined : Buffer.from(password),
    };
    const settings = { name, scheme, host, port, ...login, ...more };
    return new Upstream(settings, outbound, this.#parts);
  }

  /** A rule, and the ways that it leads to. @throws {UserError} */
  rule(text: string, section?: string): ViaRule {
    const { ways, ...written } = parseVia(text);
    const found = ways.flatMap((way) => (way.kind === 'block' ? [] : [this.#find(way)]));
    const rule = { ...written, allow: true, command: undefined, ways: found };
    return section === undefined ? rule : { ...rule, section };
  }

  #find(way: Exclude<WrittenWay, { readonly kind: 'block' }>): Outbound {
    if (way.kind === 'name') return this.#findNamed(way.name);
    const known = this.#byUrl.get(way.text);
    if (known !== undefined) return known;
    const { url } = way;
    const upstream = this.#make(nameOfUrl(url), url, {
      timeout: UPSTREAM_TIMEOUT * 1000,
      through: undefined,
      prefer: this.#prefer,
    });
    this.#byUrl.set(way.text, upstream);
    return upstream;
  }

  #findNamed(name: string): Outbound {
    this.#used.add(name);
    const { outbounds } = this.#parts.registries;
    const registered = outbounds.get(name);
    const isWay = (one: Outbound) => one.schemes === undefined && one.before !== true;
    const found =
      this.#named.get(name) ?? [registered].find((one) => one !== undefined && isWay(one));
    if (found !== undefined) return found;
    const others = [...outbounds].filter(isWay);
    const known = ['block', ...this.#named.keys(), ...others.map(({ id }) => id)];
    throw new UserError(
      `"${name}": there is no section [upstream:${name}]; ` +
        `known are ${known.join(', ')}${didYouMean(name, known)}`,
    );
  }

  /** @throws {UserError} if one of them is this server itself. */
  async demandOthers(wanted: readonly Address[]): Promise<void> {
    // Which port the system has picked is known once it has.
    const picked = wanted.some(({ port }) => port === 0) ? this.#parts.listening() : [];
    const listening = [...wanted, ...picked];
    const all = [...this.#named.values(), ...this.#byUrl.values()];
    const own = await Promise.all(all.map((one) => one.own(listening, LOOK_TIME)));
    for (const [i, address] of own.entries()) {
      if (address === undefined) continue;
      throw new UserError(`via: upstream ${all[i]?.id}: ${itself(address)}`, {
        code: 'invalid-option',
        option: 'via',
      });
    }
  }

  /** Warns of sections that nothing names. */
  tellIdle(): void {
    for (const name of this.#named.keys()) {
      if (this.#used.has(name)) continue;
      const why = 'no via and no other upstream names it';
      this.#parts.warn(`section [upstream:${name}] is not in force: ${why}`);
    }
  }
}

/** @throws {UserError} if a login cannot be used with a scheme. */
function checkUse(scheme: string, user: string, password: string | undefined): void {
  checkLogin(user, password, (problem) => new UserError(problem));
  if (scheme === 'socks4a' && password !== undefined) {
    throw new UserError('SOCKS 4a has no passwords');
  }
  if (/^https?$/.test(scheme) && user.includes(':')) {
    throw new UserError('HTTP has no user names with a colon');
  }
}
