import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from 'picosocks5';
import { SettingsDocument } from '#main/settings/document.js';
import type { SettingsFile } from '#main/settings/file.js';
import { NO_EXTENSIONS } from '#main/settings/file.js';
import { settingsOf } from '../../../support/settings.js';

const office = { name: 'Office', settings: { port: 1090 }, networks: ['wifi:Corp'] };

function make(file: Partial<SettingsFile> = {}) {
  const { settings, memory } = settingsOf(file);
  const server = { refuses: false };
  const document = new SettingsDocument({
    settings,
    extensions: {
      hasSetting: (key) => key.startsWith('ldap.'),
      async check({ key, value }) {
        if (typeof value !== 'string') throw new UserError(`${key}: expected a text`);
      },
    },
    async apply() {
      if (server.refuses) throw new UserError('the server does not take it');
    },
  });
  return { settings, memory, document, server };
}

describe('settings as JSON', () => {
  test('what is not as it comes stands in it, and is what it was once it is saved', async () => {
    const extensions = { ...NO_EXTENSIONS, settings: { 'ldap.url': 'ldap://a', 'gone.x': 1 } };
    const file = { settings: { port: 2080, http: false }, extensions, profiles: [office] };
    const { document, memory } = make(file);
    assert.deepEqual(JSON.parse(document.text), {
      ...file.settings,
      ...extensions.settings,
      profiles: { Office: { port: 1090 } },
    });
    assert.equal(await document.save(document.text), undefined);
    assert.deepEqual(memory.store.settings, file.settings);
    assert.deepEqual(memory.store.extensions, extensions);
    assert.deepEqual(memory.store.profiles, [office]);
  });

  test('it is kept whole: what is left out is as it comes', async () => {
    const { document, memory } = make({ settings: { port: 2080 }, profiles: [office] });
    const json = '{ "request": ["!connect:*.example"], "port": 1080, "ldap.url": "ldap://b" }';
    assert.equal(await document.save(json), undefined);
    assert.deepEqual(memory.store.settings, { request: ['!connect:*.example'] });
    assert.deepEqual(memory.store.extensions?.settings, { 'ldap.url': 'ldap://b' });
    assert.deepEqual(memory.store.profiles, [{ ...office, settings: {} }]);
  });

  for (const [json, line, column, message] of [
    ['', 1, 1, /expected a value/],
    ['{\n  "port": 2080,\n}', 3, 1, /expected a name|expected a value/],
    ['{\n  "port" 2080\n}', 2, 10, /expected a colon/],
    ['{ "port": 2080 "http": true }', 1, 16, /expected a comma/],
    ['{ "port": 2080', 1, 15, /closing brace/],
    ['{ "port": 2080 } x', 1, 18, /expected nothing more/],
    ['{ // mine\n}', 1, 3, /comments cannot be kept/],
    ['{ "theme": "dark }', 1, 12, /closing double quote/],
    ['[]', 1, 1, /expected an object/],
    ['{\n "port": 1,\n "port": 2\n}', 3, 2, /"port" is there twice/],
    ['{\n  "http": true,\n  "pink": 1\n}', 3, 3, /there is no setting "pink"/],
    ['{ "port": 99999 }', 1, 11, /Port: expected a number from 1 to 65535/],
    ['{ "request": ["fly:*"] }', 1, 14, /Request rules: .*fly/],
    ['{ "lanKey": "/etc/passwd" }', 1, 13, /chosen in its dialog/],
    ['{ "ldap.url": 1 }', 1, 15, /ldap.url: expected a text/],
    ['{ "profiles": { "Home": {} } }', 1, 17, /there is no profile "Home"/],
    ['{ "profiles": { "Office": { "pink": 1 } } }', 1, 29, /no setting "pink"/],
    ['{ "profiles": { "Office": { "port": 0 } } }', 1, 37, /Port: expected/],
    [`{ "port": ${'['.repeat(5000)} }`, 1, 1, /too many brackets/],
  ] as const) {
    test(`the first mistake of ${JSON.stringify(json.slice(0, 60))}`, async () => {
      const { document, memory } = make({ profiles: [office], settings: { port: 2080 } });
      const { store } = memory;
      for (const found of [await document.check(json), await document.save(json)]) {
        assert.deepEqual([found?.line, found?.column], [line, column]);
        assert.match(found?.message ?? '', message);
      }
      assert.equal(memory.store, store);
    });
  }

  test('a file that was chosen before may stay, and be taken away', async () => {
    const { document, memory } = make({ settings: { lanKey: '/a/key.pem' } });
    assert.equal(await document.check('{ "lanKey": "/a/key.pem" }'), undefined);
    assert.equal(await document.save('{ "lanKey": "" }'), undefined);
    assert.deepEqual(memory.store.settings, {});
  });

  test('what the server does not take is not kept', async () => {
    const { document, memory, server } = make({ settings: { port: 2080 } });
    server.refuses = true;
    await assert.rejects(document.save('{ "port": 3080 }'), /does not take it/);
    assert.deepEqual(memory.store.settings, { port: 2080 });
  });
});
