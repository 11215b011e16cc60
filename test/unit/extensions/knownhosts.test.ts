import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { fingerprintOf, HostKeys, typeOf } from '#extensions/ssh/dist/knownhosts.js';

/** A key of a type, as it is on the wire. */
function keyOf(type: string, content: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), Buffer.from(content)]);
}

const [ed, other, rsa] = [
  keyOf('ssh-ed25519', 'one'),
  keyOf('ssh-ed25519', 'two'),
  keyOf('ssh-rsa', 'three'),
];
const words = (key: Buffer) => `${typeOf(key)} ${key.toString('base64')}`;
const hashed = (name: string) => {
  const salt = Buffer.from('some salt of twenty!');
  const hash = createHmac('sha1', salt).update(name).digest('base64');
  return `|1|${salt.toString('base64')}|${hash}`;
};

const lines = [
  '# a comment',
  '',
  `example.com,192.0.2.1 ${words(ed)} a comment`,
  `[example.com]:2222 ${words(other)}`,
  `*.corp.example,!*.lab.corp.example ${words(rsa)}`,
  `${hashed('hidden.example')} ${words(ed)}`,
  `${hashed('[hidden.example]:2222')} ${words(other)}`,
  `@revoked * ${words(keyOf('ssh-rsa', 'leaked'))}`,
  `@cert-authority *.ca.example ${words(ed)}`,
  `h?st ${words(ed)}`,
  `2001:db8::1 ${words(ed)}`,
  `broken ssh-ed25519`,
  `liar ssh-rsa ${ed.toString('base64')}`,
  `  indented   ${words(ed)}`,
];
const file = { name: 'f', text: lines.join('\n') };

/** What is said of a key, in short. */
function say(host: string, port: number, key: Buffer): string {
  const verdict = new HostKeys([file], host, port).judge(key);
  if (verdict.kind === 'known') return 'known';
  if (verdict.kind === 'unknown') return ['unknown', ...verdict.others].join(' ');
  return `${verdict.kind} ${verdict.place}`;
}

const cases: [host: string, port: number, key: Buffer, expected: string][] = [
  ['example.com', 22, ed, 'known'],
  ['EXAMPLE.com', 22, ed, 'known'],
  ['192.0.2.1', 22, ed, 'known'],
  ['192.0.2.2', 22, ed, 'unknown'],
  ['example.com', 22, other, 'changed f:3'],
  ['example.com', 22, rsa, 'unknown f:3'],
  ['example.com.evil', 22, ed, 'unknown'],
  // Of another port the line without one may be right, but never wrong.
  ['example.com', 2222, other, 'known'],
  ['example.com', 2222, ed, 'known'],
  ['192.0.2.1', 2222, ed, 'known'],
  ['192.0.2.1', 2222, other, 'unknown'],
  ['example.com', 2222, keyOf('ssh-ed25519', 'x'), 'changed f:4'],
  ['a.corp.example', 22, rsa, 'known'],
  ['corp.example', 22, rsa, 'unknown'],
  ['a.lab.corp.example', 22, rsa, 'unknown'],
  ['hidden.example', 22, ed, 'known'],
  ['hidden.example', 22, other, 'changed f:6'],
  ['hidden.example', 2222, other, 'known'],
  ['anywhere', 22, keyOf('ssh-rsa', 'leaked'), 'revoked f:8'],
  ['a.ca.example', 22, ed, 'unknown'],
  ['host', 22, ed, 'known'],
  ['hoost', 22, ed, 'unknown'],
  ['2001:db8::1', 22, ed, 'known'],
  ['broken', 22, ed, 'unknown'],
  ['liar', 22, ed, 'unknown'],
  ['indented', 22, ed, 'known'],
];

for (const [host, port, key, expected] of cases) {
  test(`known_hosts: ${typeOf(key)} of ${host}:${port}: ${expected}`, () => {
    assert.equal(say(host, port, key), expected);
  });
}

test('known_hosts: a key may stand in any of several files', () => {
  const second = { name: 'g', text: `example.com ${words(other)}\n` };
  assert.deepEqual(new HostKeys([file, second], 'example.com', 22).judge(other), { kind: 'known' });
});

test('known_hosts: which types of a host are known', () => {
  assert.deepEqual(new HostKeys([file], 'a.corp.example', 22).types, ['ssh-rsa']);
  assert.deepEqual(new HostKeys([file], 'example.com', 22).types, ['ssh-ed25519']);
});

test('known_hosts: patterns that would take forever', () => {
  const text = `${'*a'.repeat(40)}b ${words(ed)}\n`;
  const keys = new HostKeys([{ name: 'f', text }], 'a'.repeat(250), 22);
  assert.equal(keys.judge(ed).kind, 'unknown');
});

test('fingerprints and types, also of what is no key', () => {
  assert.match(fingerprintOf(ed), /^SHA256:[\w+/]{43}$/);
  assert.equal(typeOf(Buffer.alloc(0)), '');
  assert.equal(typeOf(Buffer.from([255, 255, 255, 255, 65])), 'A');
});
