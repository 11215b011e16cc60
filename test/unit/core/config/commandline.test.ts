import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '#core/base/errors.js';
import { parseCommandLine } from '#core/config/commandline.js';
import { OPTIONS } from '#core/config/optionlist.js';

/** The arguments as `name=value`, in their order. */
const read = (...argv: string[]) =>
  parseCommandLine(argv).map((arg) => {
    if (arg.kind === 'option') return `${arg.option.key}=${arg.value}`;
    return arg.kind === 'config' ? `config=${arg.file}` : arg.kind;
  });

describe('command line', () => {
  const cases: readonly (readonly [argv: string[], args: string[]])[] = [
    [[], []],
    [
      ['*:1080', '[::1]:80'],
      ['listen=*:1080', 'listen=[::1]:80'],
    ],
    // In the order in which they stand.
    [
      ['-c', 'a.ini', '-A', '*:1', '--timeout', '5', '-c', 'b.ini', '--timeout=7'],
      ['config=a.ini', 'anonymous=yes', 'listen=*:1', 'timeout=5', 'config=b.ini', 'timeout=7'],
    ],
    [
      ['-a', 'x', '-ay', '--auth', 'z', '--auth=w'],
      ['auth=x', 'auth=y', 'auth=z', 'auth=w'],
    ],
    [
      ['-c', 'x', '-cy', '--config', 'z', '--config=w'],
      ['config=x', 'config=y', 'config=z', 'config=w'],
    ],
    [
      ['-Aa', 'file'],
      ['anonymous=yes', 'auth=file'],
    ],
    [
      ['-Aafile', '-A'],
      ['anonymous=yes', 'auth=file', 'anonymous=yes'],
    ],
    [['-apassword:C:\\users.txt'], ['auth=password:C:\\users.txt']],
    [['-h'], ['help']],
    [
      ['--version', '-V', '--help', '--fork'],
      ['version', 'version', 'help', 'fork'],
    ],
    [['--request', '!connect:*:25,all'], ['request=!connect:*:25,all']],
    // A value may look like an option, and an address behind -- as well.
    [['-a', '-file'], ['auth=-file']],
    [
      ['--user', '-1', '--auth', '--', '-c', '--config'],
      ['user=-1', 'auth=--', 'config=--config'],
    ],
    [
      ['-A', '--', '-c', '--help'],
      ['anonymous=yes', 'listen=-c', 'listen=--help'],
    ],
    [['-'], ['listen=-']],
    [
      ['--auth=', '-a', ''],
      ['auth=', 'auth='],
    ],
    [['--auth=a=b'], ['auth=a=b']],
    [
      ['-v', 'debug', '-L', 'stderr', '-u', 'u', '-g', 'g'],
      ['loglevel=debug', 'logmode=stderr', 'user=u', 'group=g'],
    ],
  ];
  for (const [argv, args] of cases) {
    test(argv.join(' ') || 'nothing', () => assert.deepEqual(read(...argv), args));
  }

  test('every option has its own names', () => {
    const named = OPTIONS.filter(({ key }) => key !== 'listen');
    for (const { key, name, short, schema } of named) {
      const flag = schema.type === 'boolean';
      const expected = [`${key}=${flag ? 'yes' : 'x'}`];
      assert.deepEqual(flag ? read(`--${name}`) : read(`--${name}=x`), expected);
      if (short) assert.deepEqual(flag ? read(`-${short}`) : read(`-${short}`, 'x'), expected);
    }
    const names = [...named.map(({ name }) => name), 'config', 'fork', 'help', 'version'];
    assert.equal(new Set(names).size, names.length);
    const shorts = [...named.flatMap(({ short }) => short ?? []), 'c', 'h', 'V'];
    assert.equal(new Set(shorts).size, shorts.length);
  });

  test('--no-NAME switches off what is on, and nothing else', () => {
    for (const { key, name, default: value } of OPTIONS) {
      if (value === true) assert.deepEqual(read(`--no-${name}`), [`${key}=no`]);
      else assert.throws(() => read(`--no-${name}`), UserError);
    }
  });

  const mistakes: readonly (readonly [argv: string[], message: string])[] = [
    [['--bogus'], 'unknown option --bogus; --help lists them'],
    [['--bogus=1'], 'unknown option --bogus; --help lists them'],
    [['-x'], 'unknown option -x; --help lists them'],
    [['-Ax'], 'unknown option -x; --help lists them'],
    [['--listen', '*:1080'], 'unknown option --listen; --help lists them'],
    [['--a', 'file'], 'unknown option --a; --help lists them'],
    [['--__proto__'], 'unknown option --__proto__; --help lists them'],
    [['--constructor=1'], 'unknown option --constructor; --help lists them'],
    [['-a'], '-a needs a value'],
    [['--auth'], '--auth needs a value'],
    [['-A', '--config'], '--config needs a value'],
    [['--anonymous=yes'], '--anonymous takes no value'],
    [['--help=x'], '--help takes no value'],
    [['--fork='], '--fork takes no value'],
  ];
  for (const [argv, message] of mistakes) {
    test(argv.join(' '), () => {
      assert.throws(() => read(...argv), { name: 'UserError', message });
    });
  }

  test('any words are arguments or a sentence', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('-', '--', '-a', '-A', '-Aa', '--auth', '--auth=', '-c', '--=', '-=', '---'),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
        try {
          parseCommandLine(argv);
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
