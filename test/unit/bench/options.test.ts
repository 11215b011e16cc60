import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { chosen, PROGRAM, parseOptions } from '../../bench/options.js';
import { temporaryDirectory } from '../../support/files.js';

describe('options of the benchmark', () => {
  test('without any, all is measured in all rounds', () => {
    const { rounds, memoryRounds, only, subjects, baseline } = parseOptions([]);
    assert.deepEqual([rounds, memoryRounds], [3, 3]);
    assert.deepEqual([only, subjects, baseline], [undefined, undefined, undefined]);
  });

  test('--quick measures what changes most, memory once, of us and of microsocks', () => {
    const { rounds, memoryRounds, only, subjects } = parseOptions(['--quick']);
    assert.deepEqual([rounds, memoryRounds], [4, 1]);
    assert.deepEqual(only, ['rate50', 'latency', 'idle3000']);
    assert.deepEqual(subjects, ['picosocks5', 'microsocks']);
  });

  test('options say more than --quick does', () => {
    const args = ['--quick', '--rounds', '2', '--only', 'rate,up1', '--subjects', 'dante'];
    const { rounds, only, subjects } = parseOptions(args);
    assert.deepEqual([rounds, only, subjects], [2, ['rate', 'up1'], ['dante']]);
  });

  test('a baseline is a built checkout, and is among the quick ones', (t) => {
    const folder = temporaryDirectory(t);
    const refused = { message: /no built checkout, it has no .*picosocks5\.cjs/ };
    assert.throws(() => parseOptions(['--baseline', folder]), refused);
    mkdirSync(join(folder, 'core', 'bin'), { recursive: true });
    writeFileSync(join(folder, PROGRAM), '');
    assert.throws(() => parseOptions(['--baseline', folder]), { message: /dist; npm ci there/ });
    mkdirSync(join(folder, 'core', 'dist'));
    const { baseline, subjects } = parseOptions(['--quick', '--baseline', folder]);
    assert.equal(baseline, folder);
    assert.deepEqual(subjects, ['picosocks5', 'baseline', 'microsocks']);
  });

  const WRONG = [
    ['--rounds', '0'],
    ['--rounds', '1.5'],
    ['--rounds', 'many'],
    ['--seconds', '0'],
    ['--seconds', ''],
    ['--seconds', 'NaN'],
    ['--port', '70000'],
  ];
  for (const [name = '', value = ''] of WRONG) {
    test(`${name} "${value}" is refused`, () => {
      assert.throws(() => parseOptions([name, value]), {
        message: new RegExp(`^${name}: expected a .*not "${value}"$`),
      });
    });
  }

  test('what is chosen has the order of the list; what is unknown is told with all that is', () => {
    const list = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];
    assert.deepEqual(chosen(list, ['c', 'a']), [{ id: 'a' }, { id: 'c' }]);
    assert.deepEqual(chosen(list, undefined), list);
    assert.throws(() => chosen(list, ['a', 'd']), { message: '"d" is none of: a, b, c' });
  });
});
