import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { EXTENSIONS } from '#build/extensions.js';

type Escapes = typeof import('../../core/extensions/ldap/dist/escape.js');

const { escapeDn, escapeFilter, firstValue, plainFilter }: Escapes = await import(
  pathToFileURL(join(EXTENSIONS, 'ldap/dist/escape.js')).href
);

test('values in filters (RFC 4515)', () => {
  assert.equal(escapeFilter('a*b(c)d\\e\0'), 'a\\2ab\\28c\\29d\\5ce\\00');
  assert.equal(escapeFilter('Zo\u00eb \u{1f600}'), 'Zo\u00eb\\20\u{1f600}');
  assert.equal(plainFilter('(cn=Zo\\c3\\ab\\2a)'), '(cn=Zo\u00eb\\2a)');
});

test('values in DNs (RFC 4514)', () => {
  assert.equal(escapeDn('a,b+c"d\\e<f>g;h=i'), 'a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h\\=i');
  assert.equal(escapeDn(' x '), '\\ x\\ ');
  assert.equal(escapeDn('#x'), '\\#x');
});

test('the first value of a DN', () => {
  assert.equal(firstValue('CN=Domain Admins,OU=x,DC=y'), 'Domain Admins');
  assert.equal(firstValue('cn=a\\,b\\2c\\C3\\AB ,dc=y'), 'a,b,\u00eb');
  assert.equal(firstValue('cn=one+ou=two,dc=y'), 'one');
  assert.equal(firstValue('staff'), 'staff');
});
