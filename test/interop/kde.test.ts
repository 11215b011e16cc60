import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chooseBackend } from '#main/systemproxy/choose.js';
import { giveBack } from '#main/systemproxy/kept.js';
import { runProgram } from '#main/systemproxy/runner.js';
import { temporaryDirectory } from '../support/files.js';
import { has, unless } from '../support/programs.js';

const skip = has('kwriteconfig6') ? undefined : unless('kwriteconfig5', 'kreadconfig5');

test('KDE’s own tools read, write and give back its proxy settings', { skip }, async (t) => {
  const folder = temporaryDirectory(t);
  const file = join(folder, 'kioslaverc');
  const before = '[Proxy Settings]\nProxyType=1\nhttpProxy=http://proxy.example 3128\n';
  writeFileSync(file, before);
  const env = { XDG_CONFIG_HOME: folder, HOME: folder, DBUS_SESSION_BUS_ADDRESS: 'disabled:' };
  const backend = await chooseBackend({
    platform: 'linux',
    env: { XDG_CURRENT_DESKTOP: 'KDE' },
    run: (program, args) => runProgram(program, args, { env }),
  });
  assert.equal(backend?.id, 'kde');
  const found = await backend.read();
  const settings = () => readFileSync(file, 'utf8').split('\n').sort().join('\n').trim();
  const as = (...lines: string[]) => ['[Proxy Settings]', ...lines].sort().join('\n');
  const url = 'http://127.0.0.1:4711/0123/proxy.pac?1';
  const place = { host: '127.0.0.1', port: 1080, socks: true, http: true };
  for (const [proxy, expected] of [
    [
      { kind: 'pac', url },
      as(`Proxy Config Script=${url}`, 'ProxyType=2', 'httpProxy=http://proxy.example 3128'),
    ],
    [
      { kind: 'fixed', ...place, bypass: ['localhost', '*.example.com'] },
      as(
        ...['NoProxyFor=localhost,.example.com', 'ProxyType=1', 'ReversedException=false'],
        ...['httpProxy=http://127.0.0.1 1080', 'httpsProxy=http://127.0.0.1 1080'],
        'socksProxy=socks://127.0.0.1 1080',
      ),
    ],
  ] as const) {
    const ours = backend.wanted(proxy, found);
    await backend.write(ours);
    assert.equal(settings(), expected);
    assert.equal(await giveBack(backend, { backend: 'kde', before: found, ours }), true);
    assert.equal(settings(), before.split('\n').sort().join('\n').trim());
  }
});
