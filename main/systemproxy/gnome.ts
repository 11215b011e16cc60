import { type ChildProcess, spawn } from 'node:child_process';
import { type Disposable, toDisposable } from 'picosocks5';
import type { Backend, Values, WantedProxy } from './backend.js';
import type { Runner } from './runner.js';

const ROOT = 'org.gnome.system.proxy';
/** The schemas whose settings are changed, and what each may be asked to be. */
const CHANGED = [
  `${ROOT} autoconfig-url`,
  `${ROOT} ignore-hosts`,
  ...['http', 'https', 'ftp', 'socks'].flatMap((one) => [
    `${ROOT}.${one} host`,
    `${ROOT}.${one} port`,
  ]),
  `${ROOT}.http use-authentication`,
  // The last one: it puts the others into force.
  `${ROOT} mode`,
] as const;

/**
 * GNOME's settings, and those of the desktops that share them, by `gsettings` (GSettings schema
 * org.gnome.system.proxy); values are in the text format of GVariant. What has never been set is
 * given back as that.
 */
export class GnomeBackend implements Backend {
  readonly id = 'gnome';
  readonly #run: Runner;

  constructor(run: Runner) {
    this.#run = run;
  }

  async read(): Promise<Values> {
    const present = parse(await this.#list());
    return Object.fromEntries(
      CHANGED.flatMap((key) => {
        const value = present.get(key);
        return value === undefined ? [] : [[key, value]];
      }),
    );
  }

  wanted(proxy: WantedProxy): Values {
    if (proxy.kind === 'pac') {
      return { [`${ROOT} autoconfig-url`]: text(proxy.url), [`${ROOT} mode`]: text('auto') };
    }
    const { host, port, socks, http, bypass } = proxy;
    const place = (name: string, isUsed: boolean) => ({
      [`${ROOT}.${name} host`]: text(isUsed ? host : ''),
      [`${ROOT}.${name} port`]: String(isUsed ? port : 0),
    });
    return {
      [`${ROOT} ignore-hosts`]: bypass.length === 0 ? '@as []' : `[${bypass.map(text).join(', ')}]`,
      ...place('http', http),
      ...place('https', http),
      ...place('ftp', false),
      ...place('socks', socks),
      // A name and password for another proxy are not for this one.
      [`${ROOT}.http use-authentication`]: 'false',
      [`${ROOT} mode`]: text('manual'),
    };
  }

  async write(values: Values): Promise<void> {
    const defaults = await this.#defaults();
    for (const [setting, value] of Object.entries(values)) {
      const [schema = '', key = ''] = setting.split(' ');
      const isUnset = value === null || value === defaults.get(setting);
      await this.#run('gsettings', isUnset ? ['reset', schema, key] : ['set', schema, key, value]);
    }
  }

  watch(changed: () => void): Disposable {
    return watchProgram('gsettings', ['monitor', ROOT], changed);
  }

  #list(env: Readonly<Record<string, string>> = {}): Promise<string> {
    return this.#run('gsettings', ['list-recursively', ROOT], { env });
  }

  /** What the settings are where nobody has set them: a store in memory holds nothing. */
  async #defaults(): Promise<ReadonlyMap<string, string>> {
    return parse(await this.#list({ GSETTINGS_BACKEND: 'memory' }));
  }
}

/** Reads lines of `SCHEMA KEY VALUE`. */
function parse(output: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of output.split('\n')) {
    const [, setting, value] = /^(\S+ \S+) (.*)$/.exec(line) ?? [];
    if (setting !== undefined && value !== undefined) found.set(setting, value);
  }
  return found;
}

/** A string in GVariant's text format, as GLib itself prints it. */
function text(value: string): string {
  return value.includes("'") ? JSON.stringify(value) : `'${value.replace(/\\/g, '\\\\')}'`;
}

/** Runs a program that writes a line whenever something has changed, until it is disposed. */
function watchProgram(program: string, args: readonly string[], changed: () => void): Disposable {
  let child: ChildProcess | undefined = spawn(program, [...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.stdout?.on('data', changed);
  child.on('error', () => {
    child = undefined;
  });
  return toDisposable(() => {
    child?.kill();
  });
}
