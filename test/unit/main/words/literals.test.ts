import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sourceTexts } from '../../../support/sourcetexts.js';

/** Files of command lines, which are the same in every language; words among them are in the table. */
const COMMAND_LINES = new Set(['renderer/recipes.ts']);

describe('what people read', () => {
  for (const project of ['main', 'renderer'] as const) {
    const { literals, early } = sourceTexts(project);

    test(`is from the table of texts in ${project}`, () => {
      assert.deepEqual(
        literals.filter(({ file }) => !COMMAND_LINES.has(file)),
        [],
      );
    });

    test(`is made in ${project} when it is shown, in the language in force`, () => {
      assert.deepEqual(early, []);
    });
  }
});
