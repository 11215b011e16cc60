import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { httpProxyUrl, proxyUrl } from '#main/ipc/contract.js';
import { rendererModule } from '../../support/renderer.js';

const { recipesFor } =
  await rendererModule<typeof import('../../../renderer/recipes.js')>('recipes.ts');

const certificate = {
  names: ['proxy.example'],
  selfSigned: true,
  file: '/home/a/my cert.pem',
  expires: 0,
};

/** The line of each program, for the local network. */
function lines(
  secure: Partial<typeof certificate> | undefined,
  shell: 'bash' | 'powershell' | 'cmd' = 'bash',
  http = true,
): Readonly<Record<string, string>> {
  const more = secure === undefined ? {} : { certificate: { ...certificate, ...secure } };
  const endpoint = { host: '192.0.2.7', port: 1081, place: 'eth0', lan: true, ...more } as const;
  const url = proxyUrl(endpoint, false);
  const httpUrl = http ? httpProxyUrl(endpoint, false) : undefined;
  const proxy = { url, httpUrl, endpoint, authentication: true };
  return Object.fromEntries(recipesFor(proxy, { shell, platform: 'linux' }));
}

describe('recipes for the local network', () => {
  test('browsers log in by HTTP, and others as they can', () => {
    const all = lines(undefined);
    assert.equal(
      all['curl'],
      'curl -x socks5h://USER:PASSWORD@192.0.2.7:1081 https://example.com/',
    );
    assert.equal(all['Chromium'], 'chromium --proxy-server=http://192.0.2.7:1081');
  });

  test('by TLS it is an HTTPS proxy, by the name of its certificate, which has to be trusted', () => {
    const all = lines({});
    const url = 'https://USER:PASSWORD@proxy.example:1081';
    assert.equal(all['curl'], `curl -x ${url} --proxy-cacert 'my cert.pem' https://example.com/`);
    assert.equal(all['Environment'], `export http_proxy=${url} https_proxy=${url}`);
    assert.equal(all['Chromium'], 'chromium --proxy-server=https://proxy.example:1081');
    assert.match(all['Firefox'] ?? '', /return "HTTPS proxy\.example:1081"/);
    assert.equal(
      all['SOCKS programs'],
      'socat TCP-LISTEN:1080,bind=127.0.0.1,reuseaddr,fork ' +
        "OPENSSL:proxy.example:1081,cafile='my cert.pem'",
    );
  });

  test('a certificate that others vouch for needs no file', () => {
    const all = lines({ selfSigned: false });
    const texts = Object.values(all).join('\n');
    assert.doesNotMatch(texts, /cert\.pem/);
    const windows = lines({ selfSigned: false }, 'powershell');
    assert.match(windows['curl'] ?? '', /^curl\.exe -x https:/);
    assert.equal(windows['SOCKS programs'], undefined);
  });

  test('each shell has its own words and quotes', () => {
    const url = 'http://USER:PASSWORD@192.0.2.7:1081';
    const socks = 'socks5h://USER:PASSWORD@192.0.2.7:1081';
    const [bash, powershell, cmd] = (['bash', 'powershell', 'cmd'] as const).map((shell) =>
      lines(undefined, shell),
    );
    assert.equal(bash?.['Environment'], `export ALL_PROXY=${socks}`);
    assert.equal(powershell?.['PowerShell'], `$env:ALL_PROXY = '${socks}'`);
    assert.equal(cmd?.['Command Prompt'], `set ALL_PROXY=${socks}`);
    assert.equal(cmd?.['PowerShell'], powershell?.['PowerShell']);
    assert.equal(bash?.['PowerShell'], undefined);
    assert.equal(bash?.['wget, apt, …'], `export http_proxy=${url} https_proxy=${url}`);
    assert.equal(
      powershell?.['Programs without SOCKS'],
      `$env:HTTP_PROXY = $env:HTTPS_PROXY = '${url}'`,
    );
    assert.equal(
      cmd?.['Programs without SOCKS'],
      `set "HTTP_PROXY=${url}" & set "HTTPS_PROXY=${url}"`,
    );
    assert.match(cmd?.['curl'] ?? '', /^curl\.exe -x socks5h:/);
    assert.match(cmd?.['Chromium'] ?? '', /^start chrome --proxy-server=http:/);
    assert.match(powershell?.['Chromium'] ?? '', /^Start-Process chrome --proxy-server=/);
    const quoted = { names: ['192.0.2.7'], file: "/home/it's mine.pem" };
    assert.match(lines(quoted)['curl'] ?? '', /'it'\\''s mine\.pem'/);
    assert.match(lines(quoted, 'powershell')['curl'] ?? '', /'it''s mine\.pem'/);
    assert.match(lines(quoted, 'cmd')['curl'] ?? '', /"it's mine\.pem"/);
    assert.match(lines({}, 'powershell')['git'] ?? '', / ; git config/);
    assert.match(lines({}, 'cmd')['git'] ?? '', / && git config/);
  });

  test('without HTTP there is SOCKS inside TLS alone', () => {
    assert.deepEqual(Object.keys(lines({}, 'bash', false)), ['SOCKS programs']);
  });
});
