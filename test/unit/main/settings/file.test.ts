import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { migrate } from '#main/settings/file.js';

describe('settings file', () => {
  const migrations = [
    (file: object) => ({ ...file, second: true }),
    (file: object) => ({ ...file, third: true }),
  ];

  test('an older one is made new, step by step', () => {
    const expected = { version: 3, second: true, third: true };
    assert.deepEqual(migrate({ version: 1 }, migrations), expected);
    assert.deepEqual(migrate({ version: 2 }, migrations), { version: 3, third: true });
    assert.deepEqual(migrate({ version: 3, a: 1 }, migrations), { version: 3, a: 1 });
  });

  test('a newer one is not touched', () => {
    assert.throws(() => migrate({ version: 4 }, migrations), /newer than this app/);
  });

  test('one without a version is none of ours', () => {
    assert.throws(() => migrate({}, migrations), /no version/);
    assert.throws(() => migrate({ version: 'x' }, migrations), /no version/);
  });
});
