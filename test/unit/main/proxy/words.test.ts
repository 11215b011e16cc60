import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { UserError } from 'picosocks5';
import { desktopWords } from '#main/proxy/words.js';
import { setLanguage } from '#main/words/language.js';

afterEach(() => setLanguage({ language: 'en', locale: 'en' }));

const inUse = new UserError('cannot listen on 127.0.0.1:1080: address already in use (another …)', {
  code: 'address-in-use',
  subject: '127.0.0.1:1080',
});

describe('what the server complains of', () => {
  test('is in the language in force where its error has a code', () => {
    assert.equal(
      desktopWords(inUse),
      'Cannot listen on 127.0.0.1:1080: address already in use (another program uses this port)',
    );
    setLanguage({ language: 'de', locale: 'de' });
    assert.equal(
      desktopWords(inUse),
      'An 127.0.0.1:1080 kann nicht gelauscht werden: Ein anderes Programm verwendet diesen Port',
    );
    const open = new UserError('…', { code: 'open-proxy', subject: '0.0.0.0:1080' });
    assert.match(desktopWords(open), /^Ohne Benutzer wird an 0\.0\.0\.0:1080 nicht gelauscht/);
    const ofLan = UserError.at('[listener:lan]', inUse);
    assert.match(desktopWords(ofLan), /^Lokales Netzwerk: An 127\.0\.0\.1:1080 kann nicht/);
  });

  test("is the server's own sentence elsewhere", () => {
    setLanguage({ language: 'de', locale: 'de' });
    assert.equal(desktopWords(new UserError('there is no such thing')), 'There is no such thing');
    const overlap = 'the listener "lan" listens on 0.0.0.0:1 and 127.0.0.1:1';
    const facts = { code: 'address-in-use', subject: '127.0.0.1:1', cause: inUse } as const;
    assert.match(desktopWords(new UserError(overlap, facts)), /^The listener "lan" listens/);
  });
});
