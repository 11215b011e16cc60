import assert from 'node:assert/strict';
import { test } from 'node:test';
import { giveBack, pick } from '#main/systemproxy/kept.js';
import { runProgram } from '#main/systemproxy/runner.js';
import { WindowsBackend } from '#main/systemproxy/windows.js';

const skip = process.platform === 'win32' ? undefined : 'there is no registry here';

test('the registry of Windows is read, written, and given back exactly', { skip }, async (t) => {
  const backend = new WindowsBackend(runProgram);
  const found = await backend.read();
  t.after(() => backend.write(found));
  // What a person or a company's network may have set up.
  const before = {
    AutoConfigURL: null,
    ProxyServer: 'REG_SZ http=proxy.example:3128;https=proxy.example:3129',
    ProxyOverride: 'REG_SZ *.corp.example;"odd"\\;<local>',
    ProxyEnable: 'REG_DWORD 0x0',
  };
  await backend.write(before);
  assert.deepEqual(await backend.read(), before);

  const url = 'http://127.0.0.1:4711/0123456789abcdef/proxy.pac?1234';
  for (const proxy of [
    { kind: 'pac', url } as const,
    {
      ...({ kind: 'fixed', host: '127.0.0.1', port: 1080, socks: true, http: true } as const),
      bypass: ['localhost', '127.0.0.0/8', '::1'],
    },
  ]) {
    const ours = backend.wanted(proxy, before);
    await backend.write(ours);
    assert.deepEqual(pick(await backend.read(), Object.keys(ours)), ours);
    assert.equal(await giveBack(backend, { backend: 'windows', before, ours }), true);
    assert.deepEqual(await backend.read(), before);
  }
});
