import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Diagnosis } from '#main/ipc/contract.js';
import { rendererModule } from '../../support/renderer.js';

const { explain, explainDetail, explainWhole } =
  await rendererModule<typeof import('../../../renderer/reasons.js')>('reasons.ts');

describe('reasons in words', () => {
  const methods = (...offered: number[]): Diagnosis => ({ code: 'no-common-method', offered });
  const speaks = (octet: number): Diagnosis => ({ code: 'not-socks', octet });

  for (const [diagnosis, words] of [
    [speaks(0x16), 'a TLS connection came: set this program to SOCKS5, not to an HTTPS proxy'],
    [speaks(0x53), 'an SSH client came: let it connect through a SOCKS5 ProxyCommand'],
    [speaks(0x47), 'an HTTP request came: set this program to SOCKS5'],
    [speaks(0x00), 'what came is not SOCKS: set this program to SOCKS5'],
    [
      { code: 'not-tls', octet: 5 },
      'what came is not encrypted: set this program to use TLS, as an HTTPS proxy has it',
    ],
    [methods(0, 2), 'this program insists on a password, and there are no users'],
    [methods(0), 'this program does not log in: give it a user name and password'],
    [methods(1, 0x80), 'this program logs in only in ways that are not offered here (0x01 0x80)'],
    [methods(), 'this program logs in only in ways that are not offered here (none)'],
    [{ code: 'socks4-off' }, 'SOCKS 4 is switched off: set this program to SOCKS5'],
    [{ code: 'socks4-login' }, 'SOCKS 4 cannot log in: set this program to SOCKS5'],
    [{ code: 'http-off' }, 'HTTP is switched off: set this program to SOCKS5'],
    [
      { code: 'http-origin' },
      'a browser opened the proxy as a page: put its address into the proxy settings instead',
    ],
  ] as const) {
    test(JSON.stringify(diagnosis), () => {
      assert.equal(explain('protocol-error', 'whatever the log says', diagnosis), words);
      const whole = explainWhole('protocol-error', 'whatever the log says', diagnosis);
      assert.equal(whole, `${words} (protocol-error)`);
      assert.equal(explain('finished'), 'finished');
      assert.equal(explain(''), '');
      assert.equal(explain('', 'datagrams to a.test:1'), 'datagrams to a.test:1');
      assert.equal(explain('of-an-extension'), 'of an extension (of-an-extension)');
      assert.equal(explainDetail('whatever the log says', diagnosis), words);
    });
  }

  test('what a machine cannot tell stays as it was said', () => {
    assert.equal(explain('quota-exceeded'), 'the allowance is used up (quota-exceeded)');
    assert.equal(explain('not-allowed', 'rule 3'), 'not allowed by a rule (not-allowed): rule 3');
    assert.equal(
      explain('protocol-error', 'first octet is 22'),
      'what came is not SOCKS (protocol-error): first octet is 22',
    );
    assert.equal(explainDetail('the client offers 0x00', undefined), 'the client offers 0x00');
  });
});
