import { type Backend, bracketed, type Values, type WantedProxy } from './backend.js';
import type { Runner } from './runner.js';

const PLACE = ['--file', 'kioslaverc', '--group', 'Proxy Settings', '--key'] as const;

/** The settings that are changed; the last one puts the others into force. */
const CHANGED = [
  'Proxy Config Script',
  'NoProxyFor',
  'ReversedException',
  'httpProxy',
  'httpsProxy',
  'ftpProxy',
  'socksProxy',
  'ProxyType',
] as const;

/** Values of `ProxyType` (KProtocolManager::ProxyType). */
const MANUAL = '1';
const PAC = '2';

/** What `kreadconfig` says where a setting is not there: none of them can be this. */
const ABSENT = '<absent>';

/** The settings of KDE's Plasma: the file kioslaverc, by the tools of KConfig. */
export class KdeBackend implements Backend {
  readonly id = 'kde';
  readonly #run: Runner;
  /** The version of KDE Frameworks, which the tools have in their names. */
  readonly #version: '5' | '6';

  constructor(run: Runner, version: '5' | '6') {
    this.#run = run;
    this.#version = version;
  }

  async read(): Promise<Values> {
    const program = `kreadconfig${this.#version}`;
    const found: Record<string, string | null> = {};
    for (const key of CHANGED) {
      const answer = await this.#run(program, [...PLACE, key, '--default', ABSENT]);
      const value = answer.replace(/\n$/, '');
      found[key] = value === ABSENT ? null : value;
    }
    return found;
  }

  wanted(proxy: WantedProxy): Values {
    if (proxy.kind === 'pac') return { 'Proxy Config Script': proxy.url, ProxyType: PAC };
    const { host, port, socks, http, bypass } = proxy;
    const place = (scheme: string, isUsed: boolean) =>
      isUsed ? `${scheme}://${bracketed(host)} ${port}` : null;
    return {
      // A name that begins with a dot is all below it.
      NoProxyFor: bypass.map((one) => one.replace(/^\*\./, '.')).join(','),
      ReversedException: 'false',
      httpProxy: place('http', http),
      httpsProxy: place('http', http),
      ftpProxy: null,
      socksProxy: place('socks', socks),
      ProxyType: MANUAL,
    };
  }

  async write(values: Values): Promise<void> {
    const program = `kwriteconfig${this.#version}`;
    for (const [key, value] of Object.entries(values)) {
      await this.#run(program, [...PLACE, key, ...(value === null ? ['--delete', ''] : [value])]);
    }
    // Programs that run read it again (KIO::Scheduler::emitReparseSlaveConfiguration); without a bus
    // there are none.
    const words = ['--session', '--type=signal', '/KIO/Scheduler'];
    const signal = 'org.kde.KIO.Scheduler.reparseSlaveConfiguration';
    await this.#run('dbus-send', [...words, signal, 'string:']).catch(() => '');
  }
}
