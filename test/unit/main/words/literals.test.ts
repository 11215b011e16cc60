import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sourceTexts } from '../../../support/sourcetexts.js';

/** Files whose texts are still to be put into the table: none may be added. */
const PENDING = new Set([
  ...['reasons', 'recipes', 'views/connectiondetails', 'views/connections', 'views/exports'].map(
    (name) => `renderer/${name}.ts`,
  ),
  'renderer/views/rows.ts',
]);

describe('what people read', () => {
  for (const project of ['main', 'renderer'] as const) {
    const { literals, early } = sourceTexts(project);

    test(`is from the table of texts in ${project}`, () => {
      assert.deepEqual(
        literals.filter(({ file }) => !PENDING.has(file)),
        [],
      );
    });

    test(`is made in ${project} when it is shown, in the language in force`, () => {
      assert.deepEqual(early, []);
    });
  }
});
