import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import {
  formatBytes,
  formatDate,
  formatDuration,
  formatList,
  formatNumber,
  formatTime,
} from '#main/words/format.js';
import { chooseLanguage, LANGUAGES, type Language, setLanguage } from '#main/words/language.js';
import { type Entry, pieces, TEXTS, text } from '#main/words/words.js';

const languages = Object.keys(LANGUAGES) as Language[];
const english = { language: 'en', locale: 'en' } as const;
const german = { language: 'de', locale: 'de' } as const;

afterEach(() => setLanguage(english));

/** Every text of a language, by its name. */
function textsOf(language: Language): [key: string, entry: Entry][] {
  return Object.entries(TEXTS[language]).flatMap(([area, texts]) =>
    Object.entries(texts).map(([name, entry]) => [`${area}.${name}`, entry] as [string, Entry]),
  );
}

const formsOf = (entry: Entry) => (typeof entry === 'string' ? [entry] : Object.values(entry));

function namesIn(form: string): string[] {
  return [...form.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name).sort();
}

describe('the table of texts', () => {
  for (const language of languages) {
    test(`${language} has every text, and no other`, () => {
      const keys = textsOf(language).map(([key]) => key);
      assert.deepEqual(
        keys.sort(),
        textsOf('en')
          .map(([key]) => key)
          .sort(),
      );
      const empty = textsOf(language).filter(([, entry]) =>
        formsOf(entry).some((form) => !form.trim()),
      );
      assert.deepEqual(empty, []);
    });

    test(`${language} has the values of the English texts`, () => {
      const own = new Map(textsOf(language));
      for (const [key, entry] of textsOf('en')) {
        const wanted = new Set(formsOf(entry).flatMap(namesIn));
        for (const form of formsOf(own.get(key) ?? '')) {
          const given = new Set([
            ...namesIn(form),
            ...(typeof entry === 'string' ? [] : ['count']),
          ]);
          const needed = new Set([...wanted, ...(typeof entry === 'string' ? [] : ['count'])]);
          assert.deepEqual([...given].sort(), [...needed].sort(), key);
          assert.doesNotMatch(form.replaceAll(/\{\w+\}/g, ''), /[{}]/, key);
        }
      }
    });

    test(`${language} has the plural forms that its rules can choose`, () => {
      const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
      for (const [key, entry] of textsOf(language)) {
        if (typeof entry === 'string') continue;
        assert.deepEqual(Object.keys(entry).sort(), [...pluralCategories].sort(), key);
      }
    });
  }
});

describe('a text', () => {
  test('is in the language in force', () => {
    assert.equal(text('menus.startServer'), 'Start server');
    setLanguage(german);
    assert.equal(text('menus.startServer'), 'Server starten');
    assert.equal(
      text('menus.copyUrl', { url: 'socks5h://[::1]:1080' }),
      'socks5h://[::1]:1080 kopieren',
    );
  });

  test('can have values that are no texts, and shows braces of values as they are', () => {
    const link = { href: '/' };
    assert.deepEqual(pieces('menus.copyUrl', { url: link }), ['Copy ', link, '']);
    assert.equal(text('menus.copyUrl', { url: '{url}' }), 'Copy {url}');
  });
});

describe('the language in force', () => {
  test("is the system's first that the app speaks, with its region", () => {
    const chosen = (...preferred: string[]) => chooseLanguage('system', preferred);
    assert.deepEqual(chosen('de-AT', 'en-US'), { language: 'de', locale: 'de-AT' });
    assert.deepEqual(chosen('fr-FR', 'en-GB', 'de'), { language: 'en', locale: 'en-GB' });
    assert.deepEqual(chosen('fr-FR', 'ja'), english);
    assert.deepEqual(chosen(), english);
    assert.deepEqual(chosen('en-US@posix'), english);
  });

  test('is the one that is chosen, whatever the system has', () => {
    assert.deepEqual(chooseLanguage('de', ['en-US']), german);
    assert.deepEqual(chooseLanguage('en', ['de-DE', 'en-GB']), { language: 'en', locale: 'en-GB' });
  });
});

describe('by locale are', () => {
  const moment = new Date(2027, 0, 31, 7, 4, 9).getTime();
  const all = () => [
    ...[formatNumber(1234567.5), formatNumber(2, 2), formatBytes(1.5e6), formatDuration(1250)],
    ...[formatTime(moment), formatDate(moment), formatList(['a', 'b', 'c'])],
  ];

  test('numbers, sizes, spans, days and lists in English', () => {
    assert.deepEqual(all(), [
      ...['1,234,567.5', '2.00', '1.5 MB', '1.3 s', '07:04:09', 'Jan 31, 2027', 'a, b, and c'],
    ]);
  });

  test('and in German', () => {
    setLanguage(german);
    assert.deepEqual(all(), [
      ...['1.234.567,5', '2,00', '1,5 MB', '1,3 s', '07:04:09', '31.01.2027', 'a, b und c'],
    ]);
  });

  test('and as the region has them', () => {
    setLanguage({ language: 'en', locale: 'en-IN' });
    assert.equal(formatNumber(1234567.5), '12,34,567.5');
  });
});
