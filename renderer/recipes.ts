import {
  type AppState,
  type CertificateFacts,
  type Endpoint,
  formatEndpoint,
  namedEndpoint,
} from '../main/ipc/contract.js';

/** How a program is told to use the proxy: its name, and what to type or to choose. */
export type Recipe = readonly [program: string, line: string];

type Platform = AppState['platform'];

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

/** A word of a command line: brackets and spaces mean something to shells. */
function quoted(word: string, platform: Platform): string {
  if (!/[^\w@%+=:,./~\\-]/.test(word)) return word;
  return platform === 'win32' ? `"${word}"` : `'${word.replaceAll("'", "'\\''")}'`;
}

const CHROMIUM: Readonly<Record<Platform, string>> = {
  win32: 'start chrome',
  darwin: 'open -a "Google Chrome" --args',
  linux: 'chromium',
};

/** Ways to set an environment variable, as this system's shells have them. */
function environment(url: string, platform: Platform): Recipe[] {
  if (platform !== 'win32') return [['Environment', `export ALL_PROXY=${quoted(url, platform)}`]];
  return [
    ['Command Prompt', `set ALL_PROXY=${url}`],
    ['PowerShell', `$env:ALL_PROXY = '${url}'`],
  ];
}

/** The browsers: they log in to an HTTP proxy, and to no SOCKS proxy. */
function browsers({ httpUrl, endpoint, authentication }: Proxy, platform: Platform): Recipe[] {
  const { host, port } = endpoint;
  const asHttp = authentication && httpUrl !== undefined;
  // Chromium resolves no names with a SOCKS5 proxy, and knows no other scheme for it.
  const scheme = asHttp ? 'http' : 'socks5';
  const plain = quoted(`${scheme}://${formatEndpoint(endpoint)}`, platform);
  const where = asHttp
    ? `HTTP proxy ${host}, port ${port}, also for HTTPS`
    : `SOCKS v5 host ${host}, port ${port}`;
  return [
    ['Chromium', `${CHROMIUM[platform]} --proxy-server=${plain}`],
    ['Firefox', `Settings, Network Settings, Manual: ${where}`],
  ];
}

/** Programs that know no SOCKS, and Windows, whose own is SOCKS 4. */
function withoutSocks({ httpUrl, endpoint }: Proxy, platform: Platform): Recipe[] {
  if (httpUrl === undefined) return [];
  const word = quoted(httpUrl, platform);
  const npm: Recipe = ['npm', `npm config set proxy=${word} https-proxy=${word}`];
  if (platform !== 'win32') {
    return [npm, ['wget, apt, …', `export http_proxy=${word} https_proxy=${word}`]];
  }
  return [
    npm,
    ['Programs without SOCKS', `$env:HTTP_PROXY = $env:HTTPS_PROXY = '${httpUrl}'`],
    [
      'Windows',
      `Settings, Network & internet, Proxy, Manual: ${endpoint.host}, port ${endpoint.port}`,
    ],
  ];
}

/** Recipes for the programs that most people have. */
export function recipesFor(proxy: Proxy, platform: Platform): readonly Recipe[] {
  const { certificate } = proxy.endpoint;
  if (certificate !== undefined) return secureRecipes(proxy, certificate, platform);
  const word = quoted(proxy.url, platform);
  const curl = platform === 'win32' ? 'curl.exe' : 'curl';
  return [
    ['curl', `${curl} -x ${word} https://example.com/`],
    ['git', `git config --global http.proxy ${word}`],
    ...environment(proxy.url, platform),
    ...browsers(proxy, platform),
    ...withoutSocks(proxy, platform),
  ];
}

/** Recipes for a proxy that is reached by TLS: as an HTTPS proxy, or behind what adds the TLS. */
function secureRecipes(
  { httpUrl, endpoint }: Proxy,
  { selfSigned, file }: CertificateFacts,
  platform: Platform,
): readonly Recipe[] {
  const place = formatEndpoint(namedEndpoint(endpoint));
  const trusted = quoted(nameOf(file), platform);
  const cafile = selfSigned ? `,cafile=${trusted}` : '';
  const wrapped: Recipe = [
    'SOCKS programs',
    `socat TCP-LISTEN:1080,bind=127.0.0.1,reuseaddr,fork ${quoted(`OPENSSL:${place}`, platform)}${cafile}`,
  ];
  if (httpUrl === undefined) return [wrapped];
  const word = quoted(httpUrl, platform);
  const curl = platform === 'win32' ? 'curl.exe' : 'curl';
  const forCurl = selfSigned ? ` --proxy-cacert ${trusted}` : '';
  const forGit = selfSigned ? ` && git config --global http.proxySSLCAInfo ${trusted}` : '';
  const script = `function FindProxyForURL(){return "HTTPS ${place}"}`;
  return [
    ['curl', `${curl} -x ${word}${forCurl} https://example.com/`],
    ['git', `git config --global http.proxy ${word}${forGit}`],
    platform === 'win32'
      ? ['PowerShell', `$env:HTTP_PROXY = $env:HTTPS_PROXY = '${httpUrl}'`]
      : ['Environment', `export http_proxy=${word} https_proxy=${word}`],
    ['Chromium', `${CHROMIUM[platform]} --proxy-server=${quoted(`https://${place}`, platform)}`],
    ['Firefox', `Settings, Network Settings, Automatic URL: data:,${script}`],
    ...(platform === 'win32' ? [] : [wrapped]),
  ];
}

/** The file is on this computer: on another one it is wherever it was put. */
function nameOf(file: string): string {
  return file.split(/[\\/]/).at(-1) ?? file;
}
