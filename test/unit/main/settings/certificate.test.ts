import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkPemFile, readCertificate } from '#main/settings/certificate.js';
import { authority, certificate } from '../../../support/certificates.js';
import { temporaryDirectory, temporaryFile } from '../../../support/files.js';

describe('files of a certificate and its key', () => {
  test('what clients have to know of a certificate', (t) => {
    const by = authority();
    const { cert } = certificate({ names: ['Proxy.Example', '*.b.example', '::1'], by });
    const file = temporaryFile(t, cert + by.cert, 'chain.pem');
    const { names, selfSigned, expires } = readCertificate(file);
    assert.deepEqual(names, ['proxy.example', '*.b.example', '::1']);
    assert.equal(selfSigned, false);
    assert.ok(expires > Date.now());
  });

  test('a certificate without names has none', (t) => {
    const file = temporaryFile(t, certificate().cert, 'cert.pem');
    assert.deepEqual(readCertificate(file).names, []);
    assert.equal(readCertificate(file).selfSigned, true);
  });

  test('one file may have both, and no file is not wrong', (t) => {
    const { cert, key } = certificate();
    const file = temporaryFile(t, cert + key, 'both.pem');
    checkPemFile('lanCertificate', file);
    checkPemFile('lanKey', file);
    checkPemFile('lanKey', '');
  });

  test('anything else is told in a sentence that names the file', (t) => {
    const { cert, key } = certificate();
    const wrong = (setting: 'lanCertificate' | 'lanKey', content: string, sentence: RegExp) => {
      const file = temporaryFile(t, content, 'odd.pem');
      assert.throws(() => checkPemFile(setting, file), { name: 'UserError', message: sentence });
    };
    wrong('lanCertificate', key, /odd\.pem" has no certificate; expected a PEM file/);
    wrong('lanCertificate', cert.replaceAll(/[A-M]/g, '!'), /odd\.pem" has no certificate/);
    wrong('lanKey', cert, /odd\.pem" has no private key; expected a PEM file/);
    const encrypted =
      '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n';
    wrong('lanKey', encrypted, /kept by a passphrase/);
    wrong('lanKey', key.padEnd(1024 * 1024 + 1), /too large/);
    const folder = temporaryDirectory(t);
    assert.throws(() => checkPemFile('lanKey', folder), /cannot be read: it is not a regular file/);
    assert.throws(() => checkPemFile('lanKey', `${folder}/none`), /no such file or directory/);
  });
});
