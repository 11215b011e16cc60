import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeCredentials, isBasic, parseBasic } from '#core/protocol/httpbasic.js';
import { parseCredentials } from '#core/protocol/userpass.js';

/** Name and password as what checks RFC 1929 reads them. */
function login(authorization: string): [user: string, password: string] {
  const octets = Buffer.from(authorization, 'latin1');
  assert.ok(isBasic(octets));
  const { user, password } = parseCredentials(encodeCredentials(parseBasic(octets)))?.value ?? {};
  return [String(Buffer.from(user ?? [])), String(Buffer.from(password ?? []))];
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test('name and password', () => {
  assert.deepEqual(login(basic('alice:secret')), ['alice', 'secret']);
  assert.deepEqual(login(basic('alice:a:b')), ['alice', 'a:b']);
  assert.deepEqual(login(basic('alice:')), ['alice', '']);
  assert.deepEqual(login(basic('жук:пароль')), ['жук', 'пароль']);
  assert.deepEqual(login(basic('a:b').replace('Basic ', 'bAsIc  ')), ['a', 'b']);
});

test('what is malformed is nobody’s', () => {
  for (const text of [basic('alice'), 'Basic', 'Basic ', 'Basic a:b', 'Basic YTpi YTpi']) {
    const [user, password] = login(text);
    assert.equal(user, '', text);
    assert.notEqual(password, '', text);
  }
  assert.equal(login(basic(`${'u'.repeat(256)}:p`))[0], '');
  assert.equal(login(basic(`u:${'p'.repeat(256)}`))[0], '');
});

test('other schemes are none of ours', () => {
  for (const text of ['Bearer x', 'BasicYTpi', 'Digest username="a"', 'Basi', '']) {
    assert.equal(isBasic(Buffer.from(text)), false, text);
  }
});
