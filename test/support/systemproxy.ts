import { UserError } from 'picosocks5';
import type { Runner } from '#main/systemproxy/runner.js';

/** What a service of macOS has; servers are `Yes HOST PORT` or `No HOST PORT`. */
export interface MacService {
  readonly url?: string;
  readonly script?: 'Yes' | 'No';
  readonly web?: string;
  readonly secret?: '0' | '1';
}

/** The answers of a program: what it writes. */
type Answer = (args: readonly string[], env: Readonly<Record<string, string>>) => string;

/** Programs of systems that are not there: each does with a store what the real one does. */
export class Programs {
  /** What was run, with spaces between the words. */
  readonly commands: string[] = [];
  /** The services of macOS, by their names. */
  readonly macServices = new Map<string, Map<string, string>>();
  readonly #answers: Readonly<Record<string, Answer>>;

  constructor(answers: Readonly<Record<string, Answer>>) {
    this.#answers = answers;
  }

  readonly run: Runner = async (program, args, { env = {} } = {}) => {
    this.commands.push([program, ...args].join(' '));
    const answer = this.#answers[program];
    if (answer === undefined) throw new UserError(`${program} is not installed`);
    return answer(args, env);
  };

  /** Those of the commands that change or tell something. */
  get changes(): string[] {
    const asks = / -(get|list)|^kread| query | list-recursively /;
    return this.commands.filter((command) => !asks.test(command));
  }

  static kde(version: 5 | 6, values: Readonly<Record<string, string>>): Programs {
    const store = new Map(Object.entries(values));
    return new Programs({
      [`kreadconfig${version}`]: (args) => `${store.get(args[5] ?? '') ?? args[7]}\n`,
      [`kwriteconfig${version}`]: ([, , , , , key = '', value = '']) => {
        if (value === '--delete') store.delete(key);
        else store.set(key, value);
        return '';
      },
      'dbus-send': () => '',
    });
  }

  static windows(values: Readonly<Record<string, string>>): Programs {
    const store = new Map(Object.entries(values));
    return new Programs({
      'reg.exe': ([action, , , name = '', , type, , data]) => {
        if (action === 'query') {
          const line = ([one, value]: readonly [string, string]) =>
            `    ${one}    ${value.replace(' ', '    ')}\r\n`;
          return `\r\nHKEY_CURRENT_USER\\...\r\n${[...store].map(line).join('')}\r\nHKEY_CURRENT_USER\\...\\Zones\r\n`;
        }
        if (action === 'add') store.set(name, `${type} ${data}`);
        else if (!store.delete(name)) throw new UserError('reg.exe says: there is no such value');
        return '';
      },
      'powershell.exe': () => '',
    });
  }

  static gnome(values: Readonly<Record<string, string>>): Programs {
    const root = 'org.gnome.system.proxy';
    const places = ['http', 'https', 'ftp', 'socks'].flatMap((one) => [
      [`${root}.${one} host`, `''`],
      [`${root}.${one} port`, '0'],
    ]);
    const defaults = new Map<string, string>([
      [`${root} autoconfig-url`, `''`],
      [`${root} ignore-hosts`, `['localhost', '127.0.0.0/8', '::1']`],
      [`${root} mode`, `'none'`],
      ...(places as [string, string][]),
      [`${root}.http use-authentication`, 'false'],
    ]);
    const store = new Map([...defaults, ...Object.entries(values)]);
    return new Programs({
      gsettings: ([action, schema, key, value = ''], { GSETTINGS_BACKEND: kind }) => {
        const name = `${schema} ${key}`;
        if (action === 'set') store.set(name, value);
        if (action === 'reset') store.set(name, defaults.get(name) ?? '');
        const shown = kind === 'memory' ? defaults : store;
        return [...shown].map(([one, now]) => `${one} ${now}\n`).join('');
      },
    });
  }

  /** @param services their names; one that is disabled has a star. */
  static macos(services: readonly string[], given: Readonly<Record<string, MacService>>): Programs {
    const programs: Programs = new Programs({
      networksetup: (args) => networksetup(programs.macServices, services, args),
    });
    for (const name of services) {
      const { url = '(null)', script = 'No', web = 'No  0', secret = '0' } = given[name] ?? {};
      programs.macServices.set(
        name,
        new Map([
          ['autoproxyurl', url],
          ['autoproxystate', script],
          ['webproxy', web],
          ['secret', secret],
          ['securewebproxy', 'No  0'],
          ['socksfirewallproxy', 'No  0'],
        ]),
      );
    }
    return programs;
  }
}

function networksetup(
  all: ReadonlyMap<string, Map<string, string>>,
  order: readonly string[],
  [option = '', service = '', ...words]: readonly string[],
): string {
  if (option === '-listallnetworkservices') {
    const names = order.filter((name) => all.has(name));
    return `An asterisk (*) denotes that a network service is disabled.\n${names.join('\n')}\n`;
  }
  const its = all.get(service);
  if (its === undefined) throw new UserError(`networksetup says: ${service} is not recognized`);
  const [, action, name = ''] = /^-(get|set)(\w+)$/.exec(option) ?? [];
  if (action === 'get') return macAnswer(its, name);
  const state = /^(\w+proxy)state$/.exec(name)?.[1];
  if (name === 'autoproxystate') its.set(name, words[0] === 'on' ? 'Yes' : 'No');
  else if (name === 'autoproxyurl') {
    its.set(name, words[0] || '(null)').set('autoproxystate', 'Yes');
  } else if (name === 'proxybypassdomains') {
    its.set(name, words[0] === 'Empty' ? '' : words.join('\n'));
  } else if (state !== undefined) {
    const [, ...address] = (its.get(state) ?? '').split(' ');
    its.set(state, [words[0] === 'on' ? 'Yes' : 'No', ...address].join(' '));
  } else its.set(name, `Yes ${words[0]} ${words[1]}`);
  return '';
}

function macAnswer(its: ReadonlyMap<string, string>, name: string): string {
  if (name === 'autoproxyurl') {
    return `URL: ${its.get(name)}\nEnabled: ${its.get('autoproxystate')}\n`;
  }
  if (name === 'proxybypassdomains') {
    const domains = its.get(name) ?? '';
    return `${domains || "There aren't any bypass domains set on Wi-Fi."}\n`;
  }
  const [enabled, host, port] = (its.get(name) ?? '').split(' ');
  const secret = name === 'webproxy' ? its.get('secret') : '0';
  return `Enabled: ${enabled}\nServer: ${host}\nPort: ${port}\nAuthenticated Proxy Enabled: ${secret}\n`;
}
