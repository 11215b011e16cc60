import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sourceTexts } from '../../../support/sourcetexts.js';

/** Files whose texts are still to be put into the table: none may be added. */
const PENDING = new Set([
  ...['settings/certificate', 'settings/repair', 'settings/store', 'settings/values'].map(
    (name) => `main/${name}.ts`,
  ),
  'renderer/views/settings.ts',
]);

/** Files of command lines, which are the same in every language; words among them are in the table. */
const COMMAND_LINES = new Set(['renderer/recipes.ts']);

describe('what people read', () => {
  for (const project of ['main', 'renderer'] as const) {
    const { literals, early } = sourceTexts(project);

    test(`is from the table of texts in ${project}`, () => {
      assert.deepEqual(
        literals.filter(({ file }) => !PENDING.has(file) && !COMMAND_LINES.has(file)),
        [],
      );
    });

    test(`is made in ${project} when it is shown, in the language in force`, () => {
      assert.deepEqual(early, []);
    });
  }
});
