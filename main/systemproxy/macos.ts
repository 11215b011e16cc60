import { UserError } from 'picosocks5';
import { text } from '../words/words.js';
import type { Backend, Values, WantedProxy } from './backend.js';
import type { Runner } from './runner.js';

/** A setting of a service that has an address: what it is called in `-getX` and `-setX`. */
const SERVERS = ['webproxy', 'securewebproxy', 'socksfirewallproxy'] as const;
type ServerKind = (typeof SERVERS)[number];

/** What networksetup says of a list that has nothing in it, and what it wants to hear for it. */
const NO_DOMAINS = /^There aren't any /;
const EMPTY = 'Empty';

/** What a proxy of a service is where it has a name and password, which cannot be read. */
const WITH_PASSWORD = ' with a password';

/**
 * The settings of macOS, of each network service that is enabled, by `networksetup`. They are named
 * `SETTING SERVICE`; a value begins with `on` or `off`.
 */
export class MacosBackend implements Backend {
  readonly id = 'macos';
  readonly rewords = true;
  readonly #run: Runner;

  constructor(run: Runner) {
    this.#run = (program, args) => run(program, args);
  }

  async read(): Promise<Values> {
    const found: Record<string, string | null> = {};
    for (const service of await this.#services()) {
      found[`proxybypassdomains ${service}`] = domains(
        await this.#ask('getproxybypassdomains', service),
      );
      for (const kind of SERVERS) {
        found[`${kind} ${service}`] = server(await this.#ask(`get${kind}`, service));
      }
      found[`autoproxyurl ${service}`] = script(await this.#ask('getautoproxyurl', service));
    }
    return found;
  }

  wanted(proxy: WantedProxy, present: Values): Values {
    const services = Object.keys(present).flatMap((name) => {
      const [, service] = /^autoproxyurl (.+)$/.exec(name) ?? [];
      return service === undefined ? [] : [service];
    });
    const all = services.map((service) =>
      proxy.kind === 'pac'
        ? { [`autoproxyurl ${service}`]: `on ${proxy.url}` }
        : fixed(proxy, service, present),
    );
    return Object.assign({}, ...all);
  }

  async write(values: Values): Promise<void> {
    const services = new Set(await this.#services());
    for (const [name, value] of Object.entries(values)) {
      const [, setting = '', service = ''] = /^(\S+) (.+)$/.exec(name) ?? [];
      // A service that is gone has nothing to be given back.
      if (value !== null && services.has(service)) await this.#set(setting, service, value);
    }
  }

  async #set(setting: string, service: string, value: string): Promise<void> {
    if (setting === 'proxybypassdomains') {
      const words = value === '' ? [EMPTY] : value.split('\n');
      await this.#ask('setproxybypassdomains', service, ...words);
      return;
    }
    const [state = 'off', ...words] = value.split(' ');
    if (setting === 'autoproxyurl') {
      await this.#ask('setautoproxyurl', service, words.join(' '));
      await this.#ask('setautoproxystate', service, state);
      return;
    }
    const [host = '', port = ''] = words;
    await this.#ask(`set${setting}`, service, host, port);
    await this.#ask(`set${setting}state`, service, state);
  }

  /** The services that are enabled: those that are not have a star. */
  async #services(): Promise<string[]> {
    const [, ...lines] = (await this.#run('networksetup', ['-listallnetworkservices'])).split('\n');
    return lines.filter((line) => line !== '' && !line.startsWith('*'));
  }

  #ask(command: string, ...args: string[]): Promise<string> {
    return this.#run('networksetup', [`-${command}`, ...args]);
  }
}

function fixed(
  { host, port, socks, http, bypass }: WantedProxy & { kind: 'fixed' },
  service: string,
  present: Values,
): Values {
  const values: Record<string, string> = {
    [`proxybypassdomains ${service}`]: bypass.join('\n'),
  };
  const place = (kind: ServerKind, isUsed: boolean) => {
    const before = present[`${kind} ${service}`] ?? '';
    // One that is off can stay as it is.
    if (!isUsed && before.startsWith('off')) return;
    if (before.endsWith(WITH_PASSWORD)) {
      throw new UserError(text('systemProxy.withPassword', { service }));
    }
    const [, ...address] = before.split(' ');
    values[`${kind} ${service}`] = isUsed ? `on ${host} ${port}` : `off ${address.join(' ')}`;
  };
  place('webproxy', http);
  place('securewebproxy', http);
  place('socksfirewallproxy', socks);
  const pac = present[`autoproxyurl ${service}`] ?? '';
  if (pac.startsWith('on ')) values[`autoproxyurl ${service}`] = `off ${pac.slice(3)}`;
  return values;
}

/** A line `NAME: VALUE` of an answer; empty if there is none. */
function field(answer: string, name: string): string {
  const line = answer.split('\n').find((one) => one.startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim() ?? '';
}

function stateOf(answer: string): 'on' | 'off' {
  return field(answer, 'Enabled') === 'Yes' ? 'on' : 'off';
}

function server(answer: string): string {
  const place = `${field(answer, 'Server')} ${field(answer, 'Port')}`;
  const isSecret = field(answer, 'Authenticated Proxy Enabled') === '1';
  return `${stateOf(answer)} ${place}${isSecret ? WITH_PASSWORD : ''}`;
}

function script(answer: string): string {
  const url = field(answer, 'URL');
  return `${stateOf(answer)} ${url === '(null)' ? '' : url}`;
}

function domains(answer: string): string {
  return NO_DOMAINS.test(answer) ? '' : answer.trim();
}
