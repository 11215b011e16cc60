import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  formatAccount,
  parseAccount,
  parseExpiry,
  stricter,
  whyClosed,
} from '#core/auth/account.js';
import { replaceUser } from '#core/auth/passwordedit.js';

describe('accounts', () => {
  test('limits, expiry and disabled, in any order, with spaces around', () => {
    assert.deepEqual(
      parseAccount(' devices=2, expires = 2027-01-31T12:30:00Z,disabled,rate-up=1.5M,maxconn=7 '),
      {
        devices: 2,
        expires: Date.UTC(2027, 0, 31, 12, 30),
        disabled: true,
        rateUp: 1_572_864,
        connections: 7,
      },
    );
    assert.deepEqual(parseAccount('disabled=no,quota-day=1G,quota-month=20G,rate-down=64K'), {
      disabled: false,
      perDay: 2 ** 30,
      perMonth: 20 * 2 ** 30,
      rateDown: 65_536,
    });
    assert.deepEqual(parseAccount(''), {});
    assert.deepEqual(parseAccount(' , '), {});
  });

  test('a date counts as a whole day of local time, a moment to the second', () => {
    assert.equal(parseExpiry('2027-02-28'), new Date(2027, 2, 1).getTime());
    assert.equal(parseExpiry('2027-12-31'), new Date(2028, 0, 1).getTime());
    assert.equal(parseExpiry('2027-01-31T18:00'), new Date(2027, 0, 31, 18).getTime());
    assert.equal(parseExpiry('2027-01-31T18:00:05+01:30'), Date.UTC(2027, 0, 31, 16, 30, 5));
    assert.equal(parseExpiry('2028-02-29T00:00Z'), Date.UTC(2028, 1, 29));
    for (const text of ['2027-02-29', '2027-13-01', '2027-1-1', '2027-01-01T24:00', 'soon', '']) {
      assert.throws(() => parseExpiry(text), /expected a date such as 2027-01-31 or/, text);
    }
  });

  test('what is unknown is named by what there is, and not shown', () => {
    for (const text of ['topsecret', 'expire=2027-01-31', '=x', 'disabled;devices=1']) {
      assert.throws(() => parseAccount(text), {
        message:
          'the fourth field: expected some of maxconn, devices, rate-up, rate-down, quota-day, ' +
          'quota-month, expires, disabled, with commas between',
      });
    }
    assert.throws(
      () => parseAccount('rate-up=fast'),
      /^Error: rate-up: expected a number of bytes/,
    );
    assert.throws(
      () => parseAccount('disabled=perhaps'),
      /^Error: disabled: expected nothing, yes/,
    );
  });

  test('what is written is what was read', () => {
    const text = 'disabled,expires=2027-01-31T12:30:00Z,maxconn=7,devices=2,quota-day=1024';
    assert.equal(formatAccount(parseAccount(text)), text);
    assert.equal(formatAccount({}), '');
  });

  test('of several lines the stricter counts', () => {
    assert.deepEqual(
      stricter({ devices: 3, expires: 10 }, { devices: 2, expires: 20, perDay: 1 }),
      {
        devices: 2,
        expires: 10,
        perDay: 1,
      },
    );
    assert.equal(stricter({ disabled: true }, { disabled: false }).disabled, true);
    assert.equal(stricter({ disabled: false }, { disabled: true }).disabled, true);
  });

  test('closed from the moment on at which it expires', () => {
    assert.equal(whyClosed(undefined), undefined);
    assert.equal(whyClosed({ disabled: true }), 'the user is disabled');
    assert.equal(whyClosed({ expires: 1000 }, 999), undefined);
    assert.equal(
      whyClosed({ expires: 1000 }, 1000),
      'the user expired at 1970-01-01T00:00:01.000Z',
    );
  });

  test('a user with a new password keeps group and account, of all lines together', () => {
    const secret = '$base64$eA==';
    const file = Buffer.from(`a:g:${secret}:devices=3\nb::${secret}\na::${secret}:disabled\n`);
    const told: unknown[] = [];
    const { octets, before } = replaceUser(file, 'f', 'a', (known) => {
      told.push(known);
      return ['new'];
    });
    assert.deepEqual(told, [{ group: 'g', account: { devices: 3, disabled: true } }]);
    assert.equal(octets.toString(), `new\nb::${secret}\n`);
    assert.equal(before, 2);
  });
});
