import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from 'picosocks5';

describe('errors that a person can mend', () => {
  test('a place before the message changes nothing of what is known', () => {
    const facts = { code: 'address-in-use', subject: '127.0.0.1:1', cause: 'why' } as const;
    const error = UserError.at('file:3', UserError.at('listen', new UserError('taken', facts)), {
      code: 'invalid-option',
      option: 'listen',
    });
    assert.ok(error instanceof UserError);
    const { message, problem, code, option, subject, cause } = error;
    assert.equal(message, 'file:3: listen: taken');
    assert.deepEqual(
      { problem, code, option, subject, cause },
      { ...facts, problem: 'taken', option: 'listen' },
    );
  });

  test('any other error is left alone', () => {
    const error = new TypeError('a bug');
    assert.equal(UserError.at('file:3', error), error);
  });
});
