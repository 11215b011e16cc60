import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demandNoHandedOver, takeHandedOver, withHandedOver } from '#core/process/handover.js';

const socket = (descriptor: number, name?: string) => ({ descriptor, name });

test('sockets are taken out of the environment by whom they are meant for', () => {
  const env: NodeJS.ProcessEnv = {
    ...{ LISTEN_PID: '77', LISTEN_FDS: '2', LISTEN_FDNAMES: 'lan:', HOME: '/' },
  };
  const expected = [
    { descriptor: 3, name: 'lan' },
    { descriptor: 4, name: '' },
  ];
  assert.deepEqual(takeHandedOver(env, 77), expected);
  assert.deepEqual(env, { HOME: '/' });

  const others: NodeJS.ProcessEnv = { LISTEN_PID: '78', LISTEN_FDS: '2' };
  assert.deepEqual(takeHandedOver(others, 77), []);
  assert.deepEqual(others, {});
  assert.deepEqual(takeHandedOver({ LISTEN_FDS: '1' }, 77), []);
  assert.deepEqual(takeHandedOver({ LISTEN_PID: '77' }, 77), []);
  assert.deepEqual(takeHandedOver({ LISTEN_PID: '77', LISTEN_FDS: '0' }, 77), []);
  const unnamed = takeHandedOver({ LISTEN_PID: '77', LISTEN_FDS: '1' }, 77);
  assert.deepEqual(unnamed, [{ descriptor: 3, name: undefined }]);
});

test('what cannot be is said', () => {
  for (const count of ['', 'x', '-1', '1025', '99999', '1.5']) {
    const env = { LISTEN_PID: '77', LISTEN_FDS: count };
    assert.throws(() => takeHandedOver(env, 77), { name: 'UserError', message: /^LISTEN_FDS: / });
  }
  const env = { LISTEN_PID: '77', LISTEN_FDS: '2', LISTEN_FDNAMES: 'a' };
  assert.throws(() => takeHandedOver(env, 77), { name: 'UserError', message: /2 names/ });
});

test('a socket goes to the listener of its name, others take the place of the default address', () => {
  assert.deepEqual(withHandedOver({ maxconn: 1 }, []), { maxconn: 1 });
  assert.deepEqual(withHandedOver({}, [socket(3), socket(4, 'connection')]).listen, [
    'fd@3',
    'fd@4',
  ]);
  assert.deepEqual(withHandedOver({ listen: [':1080'] }, [socket(3)]).listen, ['fd@3', ':1080']);
  const listeners = { lan: { anonymous: true }, wan: { listen: [':1081'] } };
  const all = [socket(3, 'wan'), socket(4, 'lan'), socket(5, 'lan'), socket(6, 'constructor')];
  assert.deepEqual(withHandedOver({ listeners }, all), {
    listen: ['fd@6'],
    listeners: {
      lan: { anonymous: true, listen: ['fd@4', 'fd@5'] },
      wan: { listen: ['fd@3', ':1081'] },
    },
  });
  assert.equal(withHandedOver({ listeners }, [socket(3, 'lan')]).listen, undefined);
});

test('they are behind tls:// where there is a certificate, and no plain address besides', () => {
  const tlsCert = 'cert.pem';
  const listenOf = (listen: string[] | undefined) => {
    const settings = listen === undefined ? { tlsCert } : { tlsCert, listen };
    return withHandedOver(settings, [socket(3)]).listen?.[0];
  };
  assert.equal(listenOf(undefined), 'tls://fd@3');
  assert.equal(listenOf(['tls://:1443']), 'tls://fd@3');
  assert.equal(listenOf(['tls://:1443', ':1080']), 'fd@3');
  const listeners = { lan: { tlsCert }, wan: {} };
  const both = withHandedOver({ listeners }, [socket(3, 'lan'), socket(4, 'wan')]).listeners;
  assert.deepEqual([both?.['lan']?.listen, both?.['wan']?.listen], [['tls://fd@3'], ['fd@4']]);
});

test('the background has none', () => {
  assert.throws(() => demandNoHandedOver([{ descriptor: 3, name: undefined }]), /--fork/);
  demandNoHandedOver([]);
});
