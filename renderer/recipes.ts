import {
  type AppState,
  type CertificateFacts,
  type Endpoint,
  formatEndpoint,
  namedEndpoint,
} from '../main/ipc/contract.js';
import { text } from '../main/words/words.js';

/** How a program is told to use the proxy: its name, and what to type or to choose. */
export type Recipe = readonly [program: string, line: string];

type Platform = AppState['platform'];

/** Where lines are typed. */
export const SHELLS = ['bash', 'powershell', 'cmd'] as const;

export type Shell = (typeof SHELLS)[number];

/** The shell that people of a system use most. */
export function usualShell(platform: Platform): Shell {
  return platform === 'win32' ? 'powershell' : 'bash';
}

/** What recipes are for. */
export interface Proxy {
  /** For programs that know the scheme `socks5h`; where it speaks TLS, it is `httpUrl`. */
  readonly url: string;
  /** For programs that know HTTP proxies; undefined where it is none. */
  readonly httpUrl: string | undefined;
  readonly endpoint: Endpoint;
  /** Whether clients have to authenticate. */
  readonly authentication: boolean;
}

/** Where recipes are followed: another computer may have another shell than this one. */
export interface Place {
  readonly shell: Shell;
  /** This computer's system. */
  readonly platform: Platform;
}

/** A word of a command line: brackets and spaces mean something to shells. */
function quoted(word: string, shell: Shell): string {
  if (!/[^\w@%+=:,./~\\-]/.test(word)) return word;
  if (shell === 'cmd') return `"${word}"`;
  return shell === 'bash' ? `'${word.replaceAll("'", "'\\''")}'` : literal(word);
}

/** A text of PowerShell in which nothing is replaced (about_Quoting_Rules). */
function literal(word: string): string {
  return `'${word.replaceAll("'", "''")}'`;
}

/** PowerShell 5 has another command of the name `curl`. */
function curlOf(shell: Shell): string {
  return shell === 'bash' ? 'curl' : 'curl.exe';
}

function chromium({ shell, platform }: Place): string {
  if (shell === 'powershell') return 'Start-Process chrome';
  if (shell === 'cmd') return 'start chrome';
  return platform === 'darwin' ? 'open -a "Google Chrome" --args' : 'chromium';
}

/** Sets variables of the environment to one value. */
function assign(names: readonly string[], value: string, shell: Shell): string {
  switch (shell) {
    case 'bash':
      return `export ${names.map((name) => `${name}=${quoted(value, shell)}`).join(' ')}`;
    case 'powershell':
      return `${names.map((name) => `$env:${name}`).join(' = ')} = ${literal(value)}`;
    case 'cmd': {
      const isPlain = names.length === 1 && !/[&|<>^ ]/.test(value);
      return isPlain
        ? `set ${names[0]}=${value}`
        : names.map((name) => `set "${name}=${value}"`).join(' & ');
    }
  }
}

/** Ways to set variables: who has one shell of Windows has the other one as well. */
function environment(names: readonly string[], value: string, shell: Shell): Recipe[] {
  if (shell === 'bash') return [[text('recipes.environment'), assign(names, value, shell)]];
  const others = SHELLS.filter((other) => other !== 'bash' && other !== shell);
  return [shell, ...others].map((one) => [text(`recipes.${one}`), assign(names, value, one)]);
}

/** Two commands, the second of which is carried out if the first one succeeds; PowerShell 5 cannot. */
function both(first: string, second: string, shell: Shell): string {
  return `${first} ${shell === 'powershell' ? ';' : '&&'} ${second}`;
}

/** The browsers: they log in to an HTTP proxy, and to no SOCKS proxy. */
function browsers({ httpUrl, endpoint, authentication }: Proxy, place: Place): Recipe[] {
  const { host } = endpoint;
  const port = String(endpoint.port);
  const asHttp = authentication && httpUrl !== undefined;
  // Chromium resolves no names with a SOCKS5 proxy, and knows no other scheme for it.
  const scheme = asHttp ? 'http' : 'socks5';
  const plain = quoted(`--proxy-server=${scheme}://${formatEndpoint(endpoint)}`, place.shell);
  const where = asHttp
    ? text('recipes.firefoxHttp', { host, port })
    : text('recipes.firefoxSocks', { host, port });
  return [
    ['Chromium', `${chromium(place)} ${plain}`],
    ['Firefox', text('recipes.firefox', { where })],
  ];
}

/** Programs that know no SOCKS, and Windows, whose own is SOCKS 4. */
function withoutSocks({ httpUrl, endpoint }: Proxy, { shell }: Place): Recipe[] {
  if (httpUrl === undefined) return [];
  const word = quoted(httpUrl, shell);
  const npm: Recipe = ['npm', `npm config set proxy=${word} https-proxy=${word}`];
  if (shell === 'bash') {
    return [npm, ['wget, apt, …', assign(['http_proxy', 'https_proxy'], httpUrl, shell)]];
  }
  const { host, port } = endpoint;
  return [
    npm,
    [text('recipes.withoutSocks'), assign(['HTTP_PROXY', 'HTTPS_PROXY'], httpUrl, shell)],
    [text('recipes.windows'), text('recipes.windowsSettings', { host, port: String(port) })],
  ];
}

/** Recipes for the programs that most people have. */
export function recipesFor(proxy: Proxy, place: Place): readonly Recipe[] {
  const { certificate } = proxy.endpoint;
  if (certificate !== undefined) return secureRecipes(proxy, certificate, place);
  const { shell } = place;
  const word = quoted(proxy.url, shell);
  return [
    ['curl', `${curlOf(shell)} -x ${word} https://example.com/`],
    ['git', `git config --global http.proxy ${word}`],
    ...environment(['ALL_PROXY'], proxy.url, shell),
    ...browsers(proxy, place),
    ...withoutSocks(proxy, place),
  ];
}

/** Recipes for a proxy that is reached by TLS: as an HTTPS proxy, or behind what adds the TLS. */
function secureRecipes(
  { httpUrl, endpoint }: Proxy,
  { selfSigned, file }: CertificateFacts,
  place: Place,
): readonly Recipe[] {
  const { shell } = place;
  const address = formatEndpoint(namedEndpoint(endpoint));
  const trusted = quoted(nameOf(file), shell);
  const cafile = selfSigned ? `,cafile=${trusted}` : '';
  const wrapped: Recipe = [
    text('recipes.socksPrograms'),
    `socat TCP-LISTEN:1080,bind=127.0.0.1,reuseaddr,fork ${quoted(`OPENSSL:${address}`, shell)}${cafile}`,
  ];
  if (httpUrl === undefined) return [wrapped];
  const word = quoted(httpUrl, shell);
  const forCurl = selfSigned ? ` --proxy-cacert ${trusted}` : '';
  const forGit = `git config --global http.proxy ${word}`;
  const trustGit = `git config --global http.proxySSLCAInfo ${trusted}`;
  const names = shell === 'bash' ? ['http_proxy', 'https_proxy'] : ['HTTP_PROXY', 'HTTPS_PROXY'];
  const script = `function FindProxyForURL(){return "HTTPS ${address}"}`;
  return [
    ['curl', `${curlOf(shell)} -x ${word}${forCurl} https://example.com/`],
    ['git', selfSigned ? both(forGit, trustGit, shell) : forGit],
    ...environment(names, httpUrl, shell),
    ['Chromium', `${chromium(place)} ${quoted(`--proxy-server=https://${address}`, shell)}`],
    ['Firefox', text('recipes.firefoxScript', { script })],
    ...(shell === 'bash' ? [wrapped] : []),
  ];
}

/** The file is on this computer: on another one it is wherever it was put. */
function nameOf(file: string): string {
  return file.split(/[\\/]/).at(-1) ?? file;
}
