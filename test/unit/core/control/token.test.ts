import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import { parseControlPlace } from '#core/config/controlplace.js';
import { isToken, readToken } from '#core/control/token.js';
import { temporaryFile } from '../../../support/files.js';

const unix = process.platform === 'win32' ? 'no modes on Windows' : undefined;

test('a token is the line of a file that only its owner reads', { skip: unix }, (t) => {
  const file = (text: string, mode = 0o600) => {
    const name = temporaryFile(t, text);
    chmodSync(name, mode);
    return name;
  };
  assert.equal(readToken(file('0123456789abcdef\n')), '0123456789abcdef');
  assert.equal(readToken(file('0123456789abcdef\r\n', 0o400)), '0123456789abcdef');
  for (const mode of [0o644, 0o640, 0o604, 0o660]) {
    assert.throws(() => readToken(file('0123456789abcdef', mode)), /others can read .*0600/);
  }
  for (const text of ['', 'short', 'two\nlines of a file', '0123456789 abcdef', 'ä'.repeat(20)]) {
    assert.throws(() => readToken(file(text)), /expected one line in .* of 16 to 4096 characters/);
  }
  assert.throws(() => readToken('/nowhere/token'), /cannot read .*: no such file or directory/);
});

test('a token is told from others', () => {
  assert.equal(isToken('abc', 'abc'), true);
  for (const other of ['', 'ab', 'abcd', 'abd']) assert.equal(isToken(other, 'abc'), false);
});

test('a control interface is at a UNIX socket or on loopback', { skip: unix }, () => {
  assert.deepEqual(parseControlPlace('unix:/run/a.sock'), { path: '/run/a.sock' });
  assert.deepEqual(parseControlPlace('127.0.0.1:80').address, { host: '127.0.0.1', port: 80 });
  assert.deepEqual(parseControlPlace('[::1]:8080').address, { host: '::1', port: 8080 });
  assert.deepEqual(parseControlPlace('localhost:1').address, { host: '127.0.0.1', port: 1 });
  for (const text of ['0.0.0.0:1', '*:1', '192.0.2.1:1', '[::]:1']) {
    assert.throws(() => parseControlPlace(text), /not on loopback|expected unix:PATH/, text);
  }
  for (const text of ['', '1080', '127.0.0.1', '127.0.0.1:0', '127.0.0.1:65536', 'host:1', '/a']) {
    assert.throws(
      () => parseControlPlace(text),
      /expected unix:PATH, 127\.0\.0\.1:PORT or tls:/,
      text,
    );
  }
  const open = { host: '0.0.0.0', port: 9 };
  assert.deepEqual(parseControlPlace('tls:0.0.0.0:9'), { address: open, tls: true });
  assert.throws(() => parseControlPlace('tls:example.com:9'), /expected unix:PATH/);
  const named = parseControlPlace('tls:example.com:9', true);
  assert.deepEqual(named.address, { host: 'example.com', port: 9 });
  assert.throws(() => parseControlPlace('example.com:9', true), /expected unix:PATH/);
});
