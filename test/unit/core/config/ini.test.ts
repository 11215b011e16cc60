import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '#core/base/errors.js';
import { parseIni } from '#core/config/ini.js';

/** The parameters as `[section] name = value` with their lines. */
const read = (text: string) =>
  [...parseIni(text, 'my.ini')].map(
    ({ section, name, value, line }) => `${line} [${section ?? ''}] ${name} = ${value}`,
  );

describe('INI files', () => {
  const cases: readonly (readonly [what: string, text: string, parameters: string[]])[] = [
    ['an empty file', '', []],
    ['a parameter', 'listen = *:1080', ['1 [] listen = *:1080']],
    ['no line feed needed, nor spaces', 'a=b\nc=d', ['1 [] a = b', '2 [] c = d']],
    ['white space around does not count', '\t a \t=\t b c \t', ['1 [] a = b c']],
    ['an empty value', 'a =', ['1 [] a = ']],
    ['the first = counts', 'a = b = c', ['1 [] a = b = c']],
    ['nothing is quoted', 'a = "b" # c ; d', ['1 [] a = "b" # c ; d']],
    ['comments', '# a = 1\n; b = 2\n  # c = 3\n\n \nd = 4', ['6 [] d = 4']],
    ['CRLF', 'a = 1\r\n\r\n[s]\r\nb = 2\r\n', ['1 [] a = 1', '4 [s] b = 2']],
    ['a byte order mark', '\ufeffa = 1', ['1 [] a = 1']],
    [
      'sections',
      'a = 1\n[x]\na = 2\n[y]\na = 3\n[x]\na = 4',
      [...['1 [] a = 1', '3 [x] a = 2', '5 [y] a = 3', '7 [x] a = 4']],
    ],
    [
      'names of sections',
      '[*]\na=1\n[a b:c]\na=1\n[ d ]\na=1\n[[e]]\na=1',
      [...['2 [*] a = 1', '4 [a b:c] a = 1', '6 [d] a = 1', '8 [[e]] a = 1']],
    ],
    [
      'names that every object has',
      '[__proto__]\nconstructor = toString',
      ['2 [__proto__] constructor = toString'],
    ],
  ];
  for (const [what, text, parameters] of cases) {
    test(what, () => assert.deepEqual(read(text), parameters));
  }

  const mistakes: readonly (readonly [text: string, message: string])[] = [
    ['a = 1\nlisten', 'my.ini:2: expected NAME = VALUE'],
    ['= 1', 'my.ini:1: expected NAME = VALUE'],
    ['\n\n[group', 'my.ini:3: expected a section header such as [group]'],
    ['[group] # mine', 'my.ini:1: expected a section header such as [group]'],
    ['[]', 'my.ini:1: expected a section header such as [group]'],
    ['[  ]', 'my.ini:1: expected a section header such as [group]'],
    ['a = 1\r\n[x]y', 'my.ini:2: expected a section header such as [group]'],
  ];
  for (const [text, message] of mistakes) {
    test(JSON.stringify(text), () => {
      assert.throws(() => read(text), { name: 'UserError', message });
    });
  }

  test('any text is parameters or a sentence with its line', () => {
    const line = fc.oneof(fc.string(), fc.constantFrom('[a]', '[', ']', 'a = b', '#', '=', '\r'));
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        try {
          for (const { name, value } of parseIni(lines.join('\n'), 'f')) {
            assert.equal(name, name.trim());
            assert.equal(value, value.trim());
            assert.notEqual(name, '');
          }
        } catch (error) {
          assert.ok(error instanceof UserError);
          assert.match(error.message, /^f:\d+: expected /);
        }
      }),
    );
  });
});
