import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sourceTexts } from '../../../support/sourcetexts.js';

describe('what people read', () => {
  for (const project of ['main', 'renderer'] as const) {
    const { literals, early } = sourceTexts(project);

    test(`is from the table of texts in ${project}`, () => {
      assert.deepEqual(literals, []);
    });

    test(`is made in ${project} when it is shown, in the language in force`, () => {
      assert.deepEqual(early, []);
    });
  }
});
