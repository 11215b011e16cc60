import type { ExtensionConnectRequest, ExtensionContext } from 'picosocks5';
import { SshError } from './errors.js';
import { Link, type LinkSettings } from './link.js';
import { expand, Identities, ownName } from './login.js';

const text = new TextDecoder();

/** Reads the settings, and makes the way out. */
export async function activate(context: ExtensionContext): Promise<void> {
  const { configuration, secrets, log, registries, subscriptions } = context;
  const list = (key: string) => configuration.get<readonly string[]>(key) ?? [];
  const seconds = (key: string) => (configuration.get<number>(key) ?? 0) * 1000;
  const identities = new Identities(list('ssh.identityFile'), await secrets.get('ssh.passphrase'));
  await identities.read((warning) => log.warn(warning));
  const settings: LinkSettings = {
    identities,
    agent: process.env['SSH_AUTH_SOCK'] || undefined,
    password: await secrets.get('ssh.password'),
    knownHosts: list('ssh.knownHosts').map(expand),
    keepAlive: seconds('ssh.keepAlive'),
    idleTime: seconds('ssh.idleTimeout'),
    log,
  };
  const links = new Links(settings);
  subscriptions.push(links);
  registries.outbounds.register({
    id: 'ssh',
    schemes: ['ssh'],
    resolves: true,
    connect: (request) => links.connect(request),
  });
}

/** The connections to SSH servers, each shared by all who go through the same one as the same user. */
class Links {
  readonly #settings: LinkSettings;
  readonly #links = new Map<string, Link>();

  constructor(settings: LinkSettings) {
    this.#settings = settings;
  }

  async connect(request: ExtensionConnectRequest) {
    const { upstream } = request;
    if (upstream === undefined) throw new SshError('unusable', 'expected ssh://USER@HOST[:PORT]');
    return this.#linkTo(upstream).open({ ...request, upstream });
  }

  #linkTo({ name, host, port, user, password }: NonNullable<ExtensionConnectRequest['upstream']>) {
    const target = {
      host,
      port,
      user: user === undefined ? ownName() : text.decode(user),
      password: password === undefined ? undefined : text.decode(password),
    };
    // Sections of the same server may reach it by different ways.
    const key = JSON.stringify([name, ...Object.values(target)]);
    const known = this.#links.get(key);
    if (known !== undefined) return known;
    const link = new Link(target, this.#settings);
    this.#links.set(key, link);
    return link;
  }

  /** Ends those that nobody uses; what others have opened goes on. */
  dispose(): void {
    for (const link of this.#links.values()) link.retire();
    this.#links.clear();
  }
}
