import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { type SettingSchema, UserError } from 'picosocks5';
import { checkSetting } from 'picosocks5/store';
import { expectedOf } from '#main/extensions/expected.js';
import { ExtensionValues } from '#main/extensions/values.js';
import { NO_EXTENSIONS } from '#main/settings/file.js';
import { setLanguage } from '#main/words/language.js';

const NONE = {
  ...{ description: '', default: undefined, secret: false, enum: undefined, order: undefined },
  ...{ minimum: undefined, maximum: undefined, minLength: undefined, maxLength: undefined },
  ...{ pattern: undefined, patternErrorMessage: undefined },
};

const cases: readonly [schema: Partial<SettingSchema>, value: unknown, german: string][] = [
  [{ type: 'boolean' }, 'x', 'ein oder aus'],
  [{ type: 'number' }, 'x', 'eine Zahl'],
  [{ type: 'integer', minimum: 1, maximum: 86400 }, 0, 'eine ganze Zahl von 1 bis 86400'],
  [{ type: 'number', minimum: 0.5 }, 0, 'eine Zahl ab 0.5'],
  [{ type: 'number', maximum: 9 }, 12, 'eine Zahl bis 9'],
  [{ type: 'string' }, 7, 'ein Text'],
  [{ type: 'string', enum: ['a', 'b'] }, 'c', 'eines von a, b'],
  [{ type: 'string', pattern: /^x/ }, 'y', 'ein Text wie ^x'],
  [{ type: 'string', pattern: /^x/, patternErrorMessage: 'x zuerst' }, 'y', 'ein Text: x zuerst'],
  [{ type: 'string', minLength: 2, maxLength: 3 }, 'y', 'ein Text mit 2 bis 3 Zeichen'],
  [{ type: 'string', minLength: 2 }, 'y', 'ein Text mit mindestens 2 Zeichen'],
  [{ type: 'string', maxLength: 2 }, 'yyy', 'ein Text mit höchstens 2 Zeichen'],
  [{ type: 'array', minLength: 1 }, [''], 'eine Liste, in der jeder Eintrag ein Text mit mind'],
];

function valuesWith(schema: SettingSchema): ExtensionValues {
  const absent = async () => undefined;
  const manifest = {
    ...{ name: 'picosocks5-x', short: 'x', displayName: 'X', version: '1.0.0', description: '' },
    ...{ publisher: '', folder: '/', main: '/x.js', contributes: {}, title: 'X', commands: [] },
    ...{ subcommands: [], views: [], settings: new Map([['x.y', schema]]) },
  };
  return new ExtensionValues({
    settings: {
      extensions: NO_EXTENSIONS,
      keepExtensions: () => {},
    },
    keychain: { get: absent, set: absent, delete: absent },
    manifests: () => [manifest],
    apply: absent,
    renew: absent,
  });
}

describe("what a setting of an extension has to be is said in the window's language", () => {
  afterEach(() => setLanguage({ language: 'en', locale: 'en' }));

  for (const [part, value, german] of cases) {
    test(german, async () => {
      const schema = { ...NONE, ...part } as SettingSchema;
      const values = valuesWith(schema);
      const check = () => values.check({ key: 'x.y', value: value as string });
      let core = '';
      try {
        checkSetting(schema, value);
      } catch (error) {
        core = (error as Error).message;
      }
      // In English it is what the command line says.
      await assert.rejects(check, (error: Error) => {
        return error instanceof UserError && error.message === core;
      });
      setLanguage({ language: 'de', locale: 'de' });
      assert.ok(expectedOf(schema).startsWith(german), expectedOf(schema));
      await assert.rejects(check, (error: Error) => {
        return (
          error.message === `Erwartet wird ${expectedOf(schema)}, nicht ${JSON.stringify(value)}`
        );
      });
    });
  }
});
