import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, type TestContext, test } from 'node:test';
import type { Manifest } from 'picosocks5';
import { listExtensions } from 'picosocks5/store';
import { EXTENSIONS } from '#build/extensions.js';
import { itemOf, settingsOf } from '#main/extensions/describe.js';
import {
  inWords,
  readAllTranslations,
  readTranslations,
  translationFile,
  translationWarning,
} from '#main/extensions/translations.js';
import { LANGUAGES, type Language, setLanguage } from '#main/words/language.js';
import { BUNDLED } from '../../../support/bundled.js';
import { temporaryDirectory } from '../../../support/files.js';

const english = { language: 'en', locale: 'en' } as const;
const german = { language: 'de', locale: 'de' } as const;

const PACKAGE = {
  name: 'picosocks5-sample',
  displayName: 'Sample',
  description: 'Shows something',
  version: '1.0.0',
  main: 'extension.js',
  engines: { picosocks5: '*' },
  contributes: {
    outbounds: [{ id: 'a.b', description: 'A way out' }],
    configuration: {
      title: 'Samples',
      properties: {
        'sample.mode': { type: 'string', enum: ['fast', 'b=c'], description: 'How it goes' },
        'sample.mode.title': { type: 'string', description: 'What it is called' },
        'sample.names': {
          type: 'array',
          items: { type: 'string', enum: ['x'] },
          description: 'Which',
        },
      },
    },
    commands: [{ command: 'sample.go', title: 'Go', tray: true }],
    views: [{ id: 'sample.go', title: 'Status', kind: 'status' }],
  },
};
const PROPERTIES = 'contributes.configuration.properties';

afterEach(() => setLanguage(english));

/** The manifest of an extension that has something in the file of its German texts. */
async function sample(t: TestContext, words?: string | object): Promise<Manifest> {
  const folder = temporaryDirectory(t);
  writeFileSync(join(folder, 'package.json'), JSON.stringify(PACKAGE));
  if (words !== undefined) {
    const text = typeof words === 'string' ? words : JSON.stringify(words);
    writeFileSync(translationFile(folder, 'de'), text);
  }
  return manifestIn(folder);
}

async function manifestIn(folder: string): Promise<Manifest> {
  const known = (await listExtensions([folder])).find(({ source }) => source === folder);
  assert.ok(known?.manifest, known?.error);
  return known.manifest;
}

/** All that a person reads of an extension's package.json in the language in force. */
async function shownOf(manifest: Manifest) {
  const translations = await readTranslations(manifest.folder);
  const shown = inWords(manifest, translations);
  const { displayName, description, contributes, state, error } = itemOf(
    {
      ...{ name: shown.name, manifest: shown, origin: 'bundled', enabled: true },
      ...{ folder: shown.folder, source: undefined, error: undefined },
    },
    {
      ...{ enabled: true, isReplaced: false, info: undefined, failure: undefined },
      warning: translationWarning(translations),
    },
  );
  const settings = settingsOf(shown, {}, () => false);
  return { displayName, description, contributes, state, error, settings, manifest: shown };
}

describe("an extension's texts in the language in force", () => {
  test('stand in the place of those of package.json, wherever these are shown', async (t) => {
    const manifest = await sample(t, {
      displayName: 'Muster',
      description: 'Zeigt etwas',
      'contributes.outbounds.a.b.description': 'Ein Ausweg',
      'contributes.configuration.title': 'Die Muster',
      [`${PROPERTIES}.sample.mode.title`]: 'Art',
      [`${PROPERTIES}.sample.mode.description`]: 'Wie es geht',
      [`${PROPERTIES}.sample.mode=fast`]: 'schnell',
      [`${PROPERTIES}.sample.mode=b=c`]: 'anders',
      [`${PROPERTIES}.sample.mode.title.title`]: 'Bezeichnung',
      [`${PROPERTIES}.sample.names=x`]: 'nicht zu tippen',
      'contributes.commands.sample.go.title': 'Los',
      'contributes.views.sample.go.title': 'Zustand',
    });
    const before = await shownOf(manifest);
    assert.equal(before.displayName, 'Sample');
    setLanguage(german);
    const { displayName, description, contributes, settings } = await shownOf(manifest);
    assert.deepEqual([displayName, description], ['Muster', 'Zeigt etwas']);
    assert.deepEqual(
      contributes.map(({ items }) => items.map((item) => item.description)),
      [
        ['Ein Ausweg'],
        ['Wie es geht', 'What it is called', 'Which'],
        ['Los (auch im Infobereich)'],
        ['Zustand (in der Statusleiste)'],
      ],
    );
    assert.deepEqual(
      settings.map(({ section, title, choices }) => [section, title, choices]),
      [
        [
          'Die Muster',
          'Art',
          [
            { value: 'fast', label: 'schnell' },
            { value: 'b=c', label: 'anders' },
          ],
        ],
        ['Die Muster', 'Bezeichnung', []],
        ['Die Muster', 'Names', [{ value: 'x', label: 'x' }]],
      ],
    );
    // The language of an open window can change.
    setLanguage(english);
    assert.deepEqual(await shownOf(manifest), before);
  });

  test('stay those of package.json where there is no other text', async (t) => {
    const bare = await sample(t);
    const manifest = await sample(t, {
      displayName: 7,
      description: ' ',
      'contributes.configuration.title': null,
      'contributes.commands.sample.go.title': ['Los'],
      'contributes.commands.0.title': 'Los',
      contributes: { commands: [] },
      ['__proto__']: { displayName: 'Nein' },
      constructor: 'Nein',
    });
    setLanguage(german);
    const { manifest: _bare, ...expected } = await shownOf(bare);
    const { manifest: _own, ...shown } = await shownOf(manifest);
    assert.deepEqual(shown, expected);
    assert.equal(translationWarning(await readTranslations(manifest.folder)), undefined);
  });

  const damaged: readonly [what: string, text: string, problem: string][] = [
    ['no JSON', '{ "displayName": ', 'Die Datei ist kein JSON'],
    ['a list', '["displayName"]', 'Erwartet wird ein Objekt mit Texten'],
    ['null', 'null', 'Erwartet wird ein Objekt mit Texten'],
    ['a text', '"displayName"', 'Erwartet wird ein Objekt mit Texten'],
    [
      'more than 64 KiB',
      JSON.stringify({ displayName: 'x'.repeat(64 * 1024) }),
      'Die Datei ist größer als 64 KiB',
    ],
  ];
  for (const [what, words, problem] of damaged) {
    test(`are not taken from a file that is ${what}, which is told`, async (t) => {
      const manifest = await sample(t, words);
      const translations = await readTranslations(manifest.folder);
      assert.equal(translationWarning(translations), undefined);
      setLanguage(german);
      const { displayName, state, error: warning = '' } = await shownOf(manifest);
      // It can be used all the same.
      assert.deepEqual([displayName, state], ['Sample', 'inactive']);
      assert.ok(warning.includes('package.nls.de.json'), warning);
      assert.ok(warning.includes(problem), warning);
    });
  }

  test('are not taken from a folder', async (t) => {
    const manifest = await sample(t);
    mkdirSync(translationFile(manifest.folder, 'de'));
    setLanguage(german);
    const translations = await readTranslations(manifest.folder);
    assert.match(translationWarning(translations) ?? '', /keine gewöhnliche Datei/);
  });

  test('are taken from a file of 64 KiB, which may begin with a byte order mark', async (t) => {
    const start = '\uFEFF{ "displayName": "Muster" ';
    const manifest = await sample(t, `${start}${' '.repeat(64 * 1024 - start.length - 3)}}`);
    setLanguage(german);
    assert.equal((await shownOf(manifest)).displayName, 'Muster');
  });

  test('are read of each folder for itself', async (t) => {
    const [one, other] = [await sample(t, { displayName: 'Eins' }), await sample(t)];
    const all = await readAllTranslations([one.folder, other.folder, '/nowhere']);
    setLanguage(german);
    const names = [one, other].map((manifest) => {
      return inWords(manifest, all.get(manifest.folder) ?? new Map()).displayName;
    });
    assert.deepEqual(names, ['Eins', 'Sample']);
  });
});

/** The texts of a manifest that people read in the window, by the keys of a file of translations. */
function textsOf(manifest: Manifest): Map<string, string> {
  const { displayName, description, title, contributes, settings, commands, views } = manifest;
  const texts = new Map([
    ['displayName', displayName],
    ['description', description],
  ]);
  for (const [point, list] of Object.entries(contributes)) {
    for (const item of list) {
      texts.set(`contributes.${point}.${item.id}.description`, item.description);
    }
  }
  if (settings.size > 0) texts.set('contributes.configuration.title', title);
  for (const [key, schema] of settings) {
    texts.set(`${PROPERTIES}.${key}.title`, key);
    texts.set(`${PROPERTIES}.${key}.description`, schema.description);
    const { patternErrorMessage: hint } = schema;
    if (hint !== undefined) texts.set(`${PROPERTIES}.${key}.patternErrorMessage`, hint);
    const choices = schema.type === 'array' ? [] : (schema.enum ?? []);
    for (const choice of choices) texts.set(`${PROPERTIES}.${key}=${choice}`, choice);
  }
  for (const { command, title: own } of commands) {
    texts.set(`contributes.commands.${command}.title`, own);
  }
  for (const { id, title: own } of views) texts.set(`contributes.views.${id}.title`, own);
  return texts;
}

describe('the bundled extensions', () => {
  const others = (Object.keys(LANGUAGES) as Language[]).filter((language) => language !== 'en');
  for (const language of others) {
    for (const name of BUNDLED) {
      test(`${name} has all of its texts in ${language}, and no others`, async () => {
        const folder = join(EXTENSIONS, name);
        const own = textsOf(await manifestIn(folder));
        const file: Record<string, unknown> = JSON.parse(
          readFileSync(translationFile(folder, language), 'utf8'),
        );
        assert.deepEqual(Object.keys(file).sort(), [...own.keys()].sort());
        for (const [key, text] of Object.entries(file)) {
          assert.ok(typeof text === 'string' && text.trim() !== '', key);
          const isSentence = key.endsWith('.description') || key === 'description';
          if (isSentence) assert.notEqual(text, own.get(key), key);
        }
        setLanguage({ language, locale: language });
        const shown = textsOf((await shownOf(await manifestIn(folder))).manifest);
        for (const [key, text] of shown) {
          if (!key.startsWith(PROPERTIES) || /\.(description|patternErrorMessage)$/.test(key)) {
            assert.equal(text, file[key], key);
          }
        }
      });
    }
  }
});
