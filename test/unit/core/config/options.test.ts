import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkValue, parseValue } from '#core/config/option.js';
import { OPTIONS } from '#core/config/optionlist.js';
import { checkServerOptions, pickServerOptions, waitForRestart } from '#core/config/options.js';
import type { ServerOptions } from '#core/config/settings.js';

const option = (name: string) =>
  OPTIONS.find((each) => each.name === name) ?? assert.fail(`no option ${name}`);

describe('values as text', () => {
  const right: readonly (readonly [name: string, text: string, value: unknown])[] = [
    ['anonymous', 'yes', true],
    ['anonymous', 'TRUE', true],
    ['anonymous', '1', true],
    ['anonymous', 'on', true],
    ['anonymous', 'No', false],
    ['anonymous', 'false', false],
    ['anonymous', '0', false],
    ['anonymous', 'off', false],
    ['anonymous', '', false],
    ['maxconn', '0', 0],
    ['maxconn', '1000000', 1_000_000],
    ['maxconn', '+5', 5],
    ['maxconn', '007', 7],
    ['timeout', '0.5', 0.5],
    ['timeout', '.5', 0.5],
    ['timeout', '5.', 5],
    ['timeout', '3600', 3600],
    ['timeout', '3600.1', 3600],
    ['timeout', '1000000', 3600],
    ['connect-timeout', '0.1', 0.1],
    ['loglevel', 'none', 'none'],
    ['user', 'nobody', 'nobody'],
    ['auth', 'a,b.txt', ['a,b.txt']],
    ['network', '10.0.0.0/8, !*', ['10.0.0.0/8', '!*']],
    ['request', '!connect:[::1]:80 ,all', ['!connect:[::1]:80', 'all']],
  ];
  for (const [name, text, value] of right) {
    test(`${name} = ${text}`, () => assert.deepEqual(parseValue(option(name), text), value));
  }

  const wrong: readonly (readonly [name: string, text: string, message: string])[] = [
    ['anonymous', 'maybe', 'expected yes or no, not "maybe"'],
    ['anonymous', 'yes ', 'expected yes or no, not "yes "'],
    ['maxconn', '', 'expected a whole number from 0 to 1000000, not ""'],
    ['maxconn', '-1', 'expected a whole number from 0 to 1000000, not "-1"'],
    ['maxconn', '1000001', 'expected a whole number from 0 to 1000000, not "1000001"'],
    ['maxconn', '1.5', 'expected a whole number from 0 to 1000000, not "1.5"'],
    ['maxconn', '0x10', 'expected a whole number from 0 to 1000000, not "0x10"'],
    ['maxconn', '1e3', 'expected a whole number from 0 to 1000000, not "1e3"'],
    ['maxconn', ' 1', 'expected a whole number from 0 to 1000000, not " 1"'],
    ['maxconn', '١', 'expected a whole number from 0 to 1000000, not "١"'],
    ['timeout', '-0.1', 'expected a number 0 or more, not "-0.1"'],
    ['timeout', 'NaN', 'expected a number 0 or more, not "NaN"'],
    ['timeout', 'Infinity', 'expected a number 0 or more, not "Infinity"'],
    ['timeout', '.', 'expected a number 0 or more, not "."'],
    ['timeout', '5s', 'expected a number 0 or more, not "5s"'],
    ['connect-timeout', '0', 'expected a number from 0.1 to 3600, not "0"'],
    ['connect-timeout', '3601', 'expected a number from 0.1 to 3600, not "3601"'],
    ['logmode', 'STDERR', 'expected one of syslog, stderr, combined, not "STDERR"'],
    ['logmode', '', 'expected one of syslog, stderr, combined, not ""'],
    ['user', '', 'expected a text, not ""'],
    ['auth', '', 'expected [FORMAT:]FILE'],
    ['network', '', 'expected [!]ADDR[/BITS],...'],
    ['network', '10.0.0.0/8,', 'expected [!]ADDR[/BITS],...'],
  ];
  for (const [name, text, message] of wrong) {
    test(`${name} = ${JSON.stringify(text)} is wrong`, () => {
      assert.throws(() => parseValue(option(name), text), { name: 'UserError', message });
    });
  }

  test('a malformed item says what is wrong with it', () => {
    const cases = [
      ['network', '10.0.0.0/8,10.0.0.0/33', /^rule "10\.0\.0\.0\/33": expected/],
      ['request', 'all,conect', /^rule "conect": expected/],
      ['listen', '127.0.0.1:x y', /^"127\.0\.0\.1:x y": "x y" is not a port/],
    ] as const;
    for (const [name, text, message] of cases) {
      assert.throws(() => parseValue(option(name), text), { name: 'UserError', message });
    }
  });

  test('every default is a value that the option takes', () => {
    for (const each of OPTIONS) {
      if (each.default !== undefined)
        assert.deepEqual(checkValue(each, each.default), each.default);
    }
  });
});

describe('options of a program', () => {
  test('the others have their defaults', () => {
    const checked = checkServerOptions({ maxconn: 5, listen: ['*:1'], timeout: 10_000 });
    const { maxconn, listen, timeout, auth, anonymous, groups, maxLoginFailures } = checked;
    assert.deepEqual(
      { maxconn, listen, timeout, auth, anonymous, groups, maxLoginFailures },
      {
        ...{ maxconn: 5, listen: ['*:1'], timeout: 3600 },
        ...{ auth: [], anonymous: false, groups: {}, maxLoginFailures: 10 },
      },
    );
    assert.deepEqual(checkServerOptions({}).listen, ['127.0.0.1:1080']);
  });

  const wrong: readonly (readonly [options: unknown, message: RegExp])[] = [
    [{ maxcon: 5 }, /^maxcon: there is no such option$/],
    [{ loglevel: 'info' }, /^loglevel: there is no such option$/],
    [{ maxconn: '5' }, /^maxconn: expected a whole number from 0 to 1000000, not "5"$/],
    [{ maxconn: Number.NaN }, /^maxconn: expected a whole number .* not NaN$/],
    [{ timeout: Number.POSITIVE_INFINITY }, /^timeout: expected a number 0 or more, not Infinity$/],
    [{ anonymous: 'yes' }, /^anonymous: expected yes or no, not "yes"$/],
    [{ anonymous: null }, /^anonymous: expected yes or no, not null$/],
    [{ listen: '*:1080' }, /^listen: expected a list of texts, not "\*:1080"$/],
    [{ network: [10] }, /^network: expected a list of texts/],
    [{ groups: 'staff' }, /^groups: expected an object, not "staff"$/],
    [{ groups: { staff: null } }, /^groups\.staff: expected an object, not null$/],
    [
      { groups: { staff: { base: 'nope' } } },
      /^section \[staff\]: base = nope: there is no section/,
    ],
    [
      { groups: { staff: { base: 7 } } },
      /^groups\.staff\.base: expected the name of a group, not 7$/,
    ],
    [
      { groups: { staff: { request: 'all' } } },
      /^groups\.staff\.request: expected a list of texts/,
    ],
    [{ groups: { staff: { request: ['x'] } } }, /^groups\.staff\.request: rule "x": expected/],
    [{ groups: { staff: { network: [1] } } }, /^groups\.staff\.network: expected a list of texts/],
    [{ groups: { staff: { rules: [] } } }, /^groups\.staff\.rules: there is no such option$/],
    [
      { groups: { staff: { limits: { rateUp: -5 } } } },
      /^groups\.staff\.limits\.rateUp: expected a whole number of 1 or more, not -5$/,
    ],
    [{ users: { alice: { perDay: 'much' } } }, /^users\.alice\.perDay: expected .*, not "much"$/],
    [
      { users: { alice: { ratedown: 5 } } },
      /^users\.alice\.ratedown: there is no such option; did you mean "rateDown"\?$/,
    ],
    [{ network: ['10.0.0.0/33'] }, /^network: rule "10\.0\.0\.0\/33": expected/],
  ];
  for (const [options, message] of wrong) {
    test(JSON.stringify(options), () => {
      const check = () => checkServerOptions(options as ServerOptions);
      assert.throws(check, { name: 'UserError', message });
    });
  }

  test('groups and users as they should be', () => {
    const limits = { connections: 1, rateUp: 1, rateDown: 2 ** 40, perDay: 5, perMonth: 6 };
    const groups = {
      staff: { base: '*', request: ['all'], network: ['!10.0.0.0/8'], limits },
      '*': {},
    };
    const checked = checkServerOptions({ groups, users: { alice: limits, bob: {} } });
    assert.deepEqual(checked.groups, groups);
  });

  test('what a reload cannot change', () => {
    const before = { loglevel: 'info', workers: '2', grace: 5, maxconn: 3 } as const;
    const after = { loglevel: 'debug', workers: '4', logmode: 'syslog', grace: 5 } as const;
    assert.deepEqual(waitForRestart(before, after), ['logmode', 'workers']);
    assert.deepEqual(waitForRestart(before, { ...before, maxconn: 4 }), []);
  });

  test("the command's own options are not the server's", () => {
    const groups = { staff: { request: ['all'] } };
    const settings = { loglevel: 'debug', user: 'nobody', maxconn: 5, groups } as const;
    const { maxconn, ...rest } = pickServerOptions(settings);
    assert.equal(maxconn, 5);
    assert.equal(rest.groups, groups);
    assert.ok(!('loglevel' in rest) && !('user' in rest));
    assert.doesNotThrow(() => checkServerOptions(pickServerOptions(settings)));
  });
});

describe('listeners of a program', () => {
  const lan = { listen: ['*:1'], timeout: 10_000, auth: undefined } as object;

  test('are checked as the options of the server are', () => {
    const { listeners, listen, timeout } = checkServerOptions({ listeners: { lan }, timeout: 5 });
    assert.deepEqual(listeners, { lan: { listen: ['*:1'], timeout: 3600 } });
    assert.equal(timeout, 5);
    assert.deepEqual(listen, [], 'nobody asks for the default address');
  });

  test('leave an address that is asked for', () => {
    const asked = checkServerOptions({ listeners: { lan }, listen: ['*:2'] });
    assert.deepEqual(asked.listen, ['*:2']);
    assert.deepEqual(checkServerOptions({ listeners: {} }).listen, ['127.0.0.1:1080']);
    assert.deepEqual(checkServerOptions(asked), asked);
  });

  test('a mistake names listener and option', () => {
    const wrong = () => checkServerOptions({ listeners: { lan: { maxconn: -1 } } });
    const facts = { name: 'UserError', code: 'invalid-option', option: 'maxconn' };
    assert.throws(wrong, { ...facts, message: /^listeners\.lan\.maxconn: expected / });
  });
});
