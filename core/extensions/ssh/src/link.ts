import { readFile } from 'node:fs/promises';
import { Duplex } from 'node:stream';
import type { CancellationToken, ExtensionUpstream } from 'picosocks5';
import ssh2, { type ClientChannel } from 'ssh2';
import { refusalOf, SshError } from './errors.js';
import { fingerprintOf, HostKeys, type KnownHostsFile, nameOf, typeOf } from './knownhosts.js';
import { type Credentials, type Identities, Login } from './login.js';

/** What all connections to SSH servers have in common. */
export interface LinkSettings {
  readonly identities: Identities;
  readonly agent: string | undefined;
  /** For who has no password of its own. */
  readonly password: string | undefined;
  /** Files; those that are not there are empty. */
  readonly knownHosts: readonly string[];
  /** How often the server is asked whether it is there, ms; 0: never. */
  readonly keepAlive: number;
  /** How long a connection without channels stays, ms. */
  readonly idleTime: number;
  readonly log: { info(message: string): void; warn(message: string): void };
}

/** Who one logs in as, and where. */
export interface Target {
  readonly user: string;
  readonly host: string;
  readonly port: number;
  readonly password: string | undefined;
}

/** A destination, and who wants to go there. */
export interface Forward {
  readonly destination: { readonly host: string; readonly port: number };
  readonly client: { readonly host: string; readonly port: number };
  readonly cancellation: CancellationToken;
  readonly upstream: ExtensionUpstream;
}

/** Somebody who waits for the connection, and by whom it may be made. */
interface Waiter {
  readonly upstream: ExtensionUpstream;
  resolve(client: ssh2.Client): void;
  reject(error: unknown): void;
}

/** How long nothing is tried after a failure, ms: at first, and at most; twice as long each time. */
const REST = { network: [250, 5000], login: [1000, 30_000] } as const;
/** How long the other side has to end a connection that is over, ms. */
const END_TIME = 1000;
/** How often a server does not answer before it is given up. */
const KEEPALIVE_COUNT = 3;

/** Host key algorithms, by the type of the key (RFC 8332 for RSA). */
const ALGORITHMS: Readonly<Record<string, readonly ssh2.ServerHostKeyAlgorithm[] | undefined>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/** A connection to an SSH server that all who go there share; it is made anew when it was lost. */
export class Link {
  readonly #target: Target;
  readonly #settings: LinkSettings;
  readonly #name: string;
  readonly #waiting = new Set<Waiter>();
  readonly #channels = new Set<ClientChannel>();
  /** Channels that the server was asked for. */
  #asked = 0;
  #client: ssh2.Client | undefined;
  #isOpening = false;
  #retired = false;
  #idle: NodeJS.Timeout | undefined;
  /** Why it could not be made last, until when that is believed (monotonic ms), and for how long. */
  #failure: { readonly error: unknown; readonly until: number; readonly rest: number } | undefined;

  constructor(target: Target, settings: LinkSettings) {
    this.#target = target;
    this.#settings = settings;
    this.#name = `${target.user}@${nameOf(target.host, target.port)}`;
  }

  /**
   * Has the server connect.
   *
   * @returns a channel, which allows half-open.
   * @throws {SshError}
   */
  async open(forward: Forward): Promise<Duplex> {
    for (let isFirst = true; ; isFirst = false) {
      const client = await this.#ready(forward);
      try {
        return await this.#ask(client, forward);
      } catch (error) {
        // Nothing was sent yet: what was lost meanwhile is made anew.
        if (!isFirst || client === this.#client || forward.cancellation.cancelled) throw error;
      }
    }
  }

  /** Serves nobody new; what it has opened goes on. */
  retire(): void {
    this.#retired = true;
    this.#rest();
  }

  #ready({ upstream, cancellation }: Forward): Promise<ssh2.Client> | ssh2.Client {
    if (this.#client !== undefined) return this.#client;
    const { until = 0, error } = this.#failure ?? {};
    if (now() < until) return Promise.reject(error);
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(waiter);
        cancellation.off(cancel);
      };
      const cancel = () => waiter.reject(new SshError('failed', 'given up', 'ECANCELED'));
      const waiter: Waiter = {
        upstream,
        resolve(client) {
          leave();
          resolve(client);
        },
        reject(reason) {
          leave();
          reject(reason);
        },
      };
      this.#waiting.add(waiter);
      cancellation.on(cancel);
      if (cancellation.cancelled) cancel();
      else if (!this.#isOpening) void this.#make();
    });
  }

  /** Makes the connection for all who wait for it. */
  async #make(): Promise<void> {
    this.#isOpening = true;
    for (const waiter of this.#waiting) {
      try {
        const client = await this.#connect(waiter.upstream);
        this.#failure = undefined;
        this.#client = client;
        for (const one of this.#waiting) one.resolve(client);
        this.#rest();
      } catch (error) {
        // It was given up by who has left; somebody else still waits.
        if (!this.#waiting.has(waiter)) continue;
        this.#fail(error);
      }
      break;
    }
    this.#isOpening = false;
  }

  #fail(error: unknown): void {
    const [first, most] = error instanceof SshError && error.isLogin ? REST.login : REST.network;
    const rest = Math.min((this.#failure?.rest ?? first / 2) * 2, most);
    this.#failure = { error, rest, until: now() + rest };
    for (const waiter of this.#waiting) waiter.reject(error);
  }

  async #connect(upstream: ExtensionUpstream): Promise<ssh2.Client> {
    const until = now() + upstream.timeout;
    const { identities, agent, keepAlive } = this.#settings;
    const { host, port, user } = this.#target;
    const credentials: Credentials = {
      user,
      identities: await identities.read().catch((error: Error) => {
        throw SshError.login(error.message);
      }),
      agent,
      password: this.#target.password ?? this.#settings.password,
    };
    const files = await Promise.all(this.#settings.knownHosts.map(readKnownHosts));
    const known = new HostKeys(files, host, port);
    const stream = await upstream.openStream();
    const client = new ssh2.Client();
    const login = new Login(credentials);
    let problem: SshError | undefined;
    let lost: string | undefined;
    return new Promise((resolve, reject) => {
      let isReady = false;
      const deadline = setTimeout(
        () => fail(new SshError('unusable', 'no answer in time', 'ETIMEDOUT')),
        Math.max(until - now(), 1),
      );
      const fail = (error: SshError) => {
        clearTimeout(deadline);
        problem ??= error;
        reject(problem);
        stream.destroy();
      };
      client.on('ready', () => {
        if (problem !== undefined) return;
        isReady = true;
        clearTimeout(deadline);
        this.#settings.log.info(`connected to ${this.#name}`);
        resolve(client);
      });
      client.on('error', (error: Error & { level?: string }) => {
        // An agent that is not there: other ways to log in are tried.
        if (error.level === 'agent') return;
        lost ??= wordsOf(error);
        if (isReady) stream.destroy();
        else if (error.level === 'client-authentication') fail(SshError.login(login.problem));
        else fail(problem ?? new SshError('unusable', wordsOf(error), undefined, error));
      });
      client.on('end', () => stream.destroy());
      client.on('close', () => {
        if (isReady) this.#lost(client, lost ?? 'it was closed');
        else fail(new SshError('unusable', 'it closed the connection'));
      });
      // What is announced besides is not asked for, and what it wants to open is refused.
      client.connect({
        sock: stream,
        username: user,
        readyTimeout: 0,
        keepaliveInterval: keepAlive,
        keepaliveCountMax: KEEPALIVE_COUNT,
        algorithms: { serverHostKey: algorithmsFor(known.types) },
        authHandler: login.next as ssh2.AuthHandlerMiddleware,
        hostVerifier: (key: Buffer) => {
          const wrong = this.#judge(known, key);
          if (wrong !== undefined) problem ??= SshError.login(wrong);
          return wrong === undefined;
        },
      });
    });
  }

  /** What is wrong with the key that a host shows, in a sentence; undefined if nothing is. */
  #judge(known: HostKeys, key: Buffer): string | undefined {
    const { host, port } = this.#target;
    const verdict = known.judge(key);
    const name = nameOf(host, port);
    const type = typeOf(key);
    const shown = `${type} ${fingerprintOf(key)}`;
    switch (verdict.kind) {
      case 'known':
        return undefined;
      case 'revoked':
        return `its host key ${shown} is revoked by ${verdict.place}`;
      case 'changed':
        return (
          `its host key has changed, or somebody is in between: ${name} shows ${shown}, and ` +
          `${verdict.place} has another; if the new one is right, remove the old one with: ` +
          `ssh-keygen -R '${name}'`
        );
      case 'unknown': {
        const [file = '~/.ssh/known_hosts'] = this.#settings.knownHosts;
        const { others } = verdict;
        const where =
          others.length > 0
            ? `${others.join(' and ')} ${others.length > 1 ? 'have' : 'has'} keys of other types only`
            : `it is not in ${this.#settings.knownHosts.join(' or ')}`;
        const flags = port === 22 ? '' : `-p ${port} `;
        return (
          `its host key ${shown} of ${name} is not known: ${where}; once it is verified, add it ` +
          `with: ssh-keyscan -t ${type.replace(/^ssh-|-.*$/g, '')} ${flags}${host} >> ${file}`
        );
      }
    }
  }

  #ask(client: ssh2.Client, { destination, client: from, cancellation }: Forward): Promise<Duplex> {
    clearTimeout(this.#idle);
    this.#asked++;
    return new Promise<Duplex>((resolve, reject) => {
      const opened = (error: Error | undefined, channel: ClientChannel) => {
        this.#asked--;
        if (error !== undefined) reject(refusalOf(error));
        else resolve(this.#keep(channel));
        if (error === undefined && cancellation.cancelled) channel.destroy();
        this.#rest();
      };
      try {
        const { host, port } = destination;
        client.forwardOut(from.host, from.port, host, port, opened);
      } catch (error) {
        // It is over, and this is the first to see it.
        if (this.#client === client) this.#client = undefined;
        opened(error as Error, undefined as never);
      }
    });
  }

  #keep(channel: ClientChannel): ClientChannel {
    this.#channels.add(channel);
    const gone = () => {
      if (this.#channels.delete(channel)) this.#rest();
    };
    const destroy = channel.destroy.bind(channel);
    channel.destroy = () => {
      destroy();
      gone();
      return channel;
    };
    // It is told of failures before somebody else listens, too.
    channel.on('error', () => {}).on('close', gone);
    return channel;
  }

  /** What it has opened ends with it, as what was reset: ssh2 would call it an end. */
  #lost(client: ssh2.Client, why: string): void {
    if (this.#client === client) this.#client = undefined;
    clearTimeout(this.#idle);
    const channels = [...this.#channels];
    this.#channels.clear();
    if (!this.#retired || channels.length > 0) {
      const many =
        channels.length === 1 ? '1 connection ends' : `${channels.length} connections end`;
      this.#settings.log.warn(`lost the connection to ${this.#name}: ${why}; ${many} with it`);
    }
    for (const channel of channels) {
      channel.emit('error', Object.assign(new Error('lost'), { code: 'ECONNRESET' }));
      Duplex.prototype.destroy.call(channel);
      channel.emit('close');
    }
  }

  /** Ends the connection after a while without channels. */
  #rest(): void {
    clearTimeout(this.#idle);
    if (this.#channels.size + this.#asked + this.#waiting.size > 0) return;
    const { idleTime } = this.#settings;
    const client = this.#client;
    if (client === undefined) return;
    if (this.#retired) this.#end(client);
    else if (idleTime > 0) this.#idle = setTimeout(() => this.#end(client), idleTime).unref();
  }

  /** Ends it in peace. */
  #end(client: ssh2.Client): void {
    this.#client = undefined;
    client.removeAllListeners('close');
    client.end();
    setTimeout(() => client.destroy(), END_TIME).unref();
    if (!this.#retired)
      this.#settings.log.info(`the connection to ${this.#name} is not needed any more`);
  }
}

function now(): number {
  return performance.now();
}

/** A file of known hosts; what is not there has none. */
async function readKnownHosts(name: string): Promise<KnownHostsFile> {
  try {
    return { name, text: await readFile(name, 'utf8') };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { name, text: '' };
    throw SshError.login(`cannot read "${name}" of ssh.knownHosts: ${message}`);
  }
}

/** All algorithms of host keys, those first whose keys are known. */
function algorithmsFor(types: readonly string[]): ssh2.ServerHostKeyAlgorithm[] {
  const first = types.flatMap((type) => ALGORITHMS[type] ?? []);
  const all = Object.values(ALGORITHMS).flatMap((names) => names ?? []);
  return [...new Set([...first, ...all])];
}

/** What is wrong with a connection. */
function wordsOf({ message }: Error): string {
  // What a stranger says goes into a log.
  return message.replace(/[^\x20-\x7e]/g, '?').slice(0, 300);
}
