import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../../../support/files.js';
import { sourceTexts } from '../../../support/sourcetexts.js';

const root = fileURLToPath(new URL('../../../../../', import.meta.url));

/** Files of command lines, which are the same in every language; words among them are in the table. */
const COMMAND_LINES = new Set(['recipes.ts']);

describe('what people read', () => {
  for (const project of ['main', 'renderer'] as const) {
    const { literals, early } = sourceTexts(join(root, project));

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

/** A source with texts in each place where one can be, and much that is none. */
const SOURCE = `
declare function html(parts: TemplateStringsArray, ...values: unknown[]): unknown;
declare function text(key: string, values?: object): string;
declare function note(message: string): void;
declare function notify(message: { message: string }): void;
declare const is: boolean;
declare const key: string;

const early = text('menus.quit');
export const titles = { get late() { return text('menus.copy', { what: 'A page' }); } };
export function draw(name: string) {
  if (key === 'ArrowLeft' || key === 'Escape') note('the page has a key');
  if (!is) throw new Error('this should not be');
  notify({ message: \`There is no user \${name}\` });
  return html\`<p class="dim wide" title="Close it" data-part="the part">
    Some words <b>\${is ? 'on' : early}</b> \${text('menus.quit')} <kbd>Ctrl+K</kbd>
    <input placeholder=\${is ? 'none' : ''} type="text" />
  </p>\`;
}
`;

test('texts of a source are found wherever they stand, and what is none is not', (t) => {
  const folder = temporaryDirectory(t);
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ files: ['page.ts'] }));
  writeFileSync(join(folder, 'page.ts'), SOURCE);
  const { literals, early } = sourceTexts(folder);
  assert.deepEqual(
    literals.map(({ text }) => text),
    ['A page', 'There is no user', 'Close it', 'Some words', 'on', 'none'],
  );
  assert.deepEqual(early, [{ file: 'page.ts', text: "text('menus.quit')" }]);
});
