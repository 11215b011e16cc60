import { type AppState, type Endpoint, formatEndpoint } from '../main/ipc/contract.js';

/** How a program is told to use the proxy: its name, and what to type or to choose. */
export type Recipe = readonly [program: string, line: string];

/** A word of a command line; brackets mean something to some shells. */
function quoted(word: string, platform: AppState['platform']): string {
  return word.includes('[') && platform !== 'win32' ? `'${word}'` : word;
}

const CHROMIUM: Readonly<Record<AppState['platform'], string>> = {
  win32: 'start chrome',
  darwin: 'open -a "Google Chrome" --args',
  linux: 'chromium',
};

/** Ways to set an environment variable, as this system's shells have them. */
function environment(url: string, platform: AppState['platform']): Recipe[] {
  if (platform !== 'win32') return [['Environment', `export ALL_PROXY=${quoted(url, platform)}`]];
  return [
    ['Command Prompt', `set ALL_PROXY=${url}`],
    ['PowerShell', `$env:ALL_PROXY = '${url}'`],
  ];
}

/**
 * Recipes for the programs that most people have.
 *
 * @param url the proxy, for programs that know the scheme `socks5h`.
 */
export function recipesFor(
  url: string,
  endpoint: Endpoint,
  platform: AppState['platform'],
): readonly Recipe[] {
  const word = quoted(url, platform);
  // Chromium resolves no names with a SOCKS5 proxy, and knows no other scheme for it.
  const plain = quoted(`socks5://${formatEndpoint(endpoint)}`, platform);
  const curl = platform === 'win32' ? 'curl.exe' : 'curl';
  return [
    ['curl', `${curl} -x ${word} https://example.com/`],
    ['git', `git config --global http.proxy ${word}`],
    ...environment(url, platform),
    ['Chromium', `${CHROMIUM[platform]} --proxy-server=${plain}`],
    [
      'Firefox',
      `Settings, Network Settings, Manual: SOCKS v5 host ${endpoint.host}, port ${endpoint.port}`,
    ],
  ];
}
