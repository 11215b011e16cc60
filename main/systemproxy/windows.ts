import { UserError } from 'picosocks5';
import { text } from '../words/words.js';
import { type Backend, hostPort, type Values, type WantedProxy } from './backend.js';
import { windowsBypass } from './bypass.js';
import type { Runner } from './runner.js';

const KEY = 'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';

/** The values that are changed. */
const CHANGED = ['AutoConfigURL', 'ProxyServer', 'ProxyOverride', 'ProxyEnable'] as const;

/**
 * INTERNET_OPTION_SETTINGS_CHANGED (39) and INTERNET_OPTION_REFRESH (37) of InternetSetOption, which
 * make the programs that run read the settings again (wininet.h).
 */
const TELL = `
$type = Add-Type -PassThru -Name WinInet -Namespace PicoSOCKS5 -MemberDefinition '
[DllImport("wininet.dll", SetLastError = true)]
public static extern bool InternetSetOption(IntPtr handle, int option, IntPtr buffer, int length);'
foreach ($option in 39, 37) {
  [void] $type::InternetSetOption([IntPtr]::Zero, $option, [IntPtr]::Zero, 0)
}`;

/**
 * The settings of Windows: values of the registry, by `reg.exe`, each as `TYPE DATA`. A script that
 * is named there has precedence over fixed addresses, so these can stay beside it: they count again
 * when nobody serves the script any more.
 */
export class WindowsBackend implements Backend {
  readonly id = 'windows';
  readonly #run: Runner;

  constructor(run: Runner) {
    this.#run = run;
  }

  async read(): Promise<Values> {
    const answer = await this.#run('reg.exe', ['query', KEY]);
    const found: Record<string, string | null> = {};
    for (const name of CHANGED) found[name] = null;
    for (const line of answer.split(/\r?\n/)) {
      const [, name = '', type, data = ''] =
        /^ {4}(\w+) {4}(REG_\w+)(?: {4}(.*))?$/.exec(line) ?? [];
      if (name in found) found[name] = `${type} ${data}`;
    }
    return found;
  }

  wanted(proxy: WantedProxy, present: Values): Values {
    const values = wantedValues(proxy);
    for (const name of Object.keys(values)) {
      // What the console's code page has no character for has been lost already.
      if (present[name]?.includes('\uFFFD')) {
        throw new UserError(text('systemProxy.lostCharacters', { name }));
      }
    }
    return values;
  }

  async write(values: Values): Promise<void> {
    const present = await this.read();
    for (const [name, value] of Object.entries(values)) {
      if (value === null) {
        if (present[name] !== null) await this.#run('reg.exe', ['delete', KEY, '/v', name, '/f']);
        continue;
      }
      const [, type = '', data = ''] = /^(\S+) (.*)$/s.exec(value) ?? [];
      await this.#run('reg.exe', ['add', KEY, '/v', name, '/t', type, '/d', data, '/f']);
    }
    // Browsers watch the registry themselves: all that is lost without it is time.
    const args = ['-NoLogo', '-NoProfile', '-NonInteractive', '-Command', TELL];
    await this.#run('powershell.exe', args).catch(() => '');
  }
}

function wantedValues(proxy: WantedProxy): Values {
  if (proxy.kind === 'pac') return { AutoConfigURL: `REG_SZ ${proxy.url}` };
  const { host, port, http, bypass } = proxy;
  const place = hostPort(host, port);
  return {
    AutoConfigURL: null,
    ProxyServer: `REG_SZ ${http ? place : `socks=${place}`}`,
    ProxyOverride: `REG_SZ ${windowsBypass(bypass).join(';')}`,
    ProxyEnable: 'REG_DWORD 0x1',
  };
}
