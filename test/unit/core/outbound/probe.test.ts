import assert from 'node:assert/strict';
import { Socket } from 'node:dgram';
import { test } from 'node:test';
import { canSendFrom, reachesItself } from '#core/outbound/probe.js';
import { wine } from '../../../support/wine.js';

test('an address of this machine, and one that it does not have', async () => {
  assert.equal(await canSendFrom('127.0.0.1'), true);
  assert.equal(await reachesItself('127.0.0.1'), true);
  assert.equal(await reachesItself('192.0.2.254'), false);
});

test('nothing is sent from an address that this machine does not have', {
  skip: wine('bind'),
}, async () => {
  assert.equal(await canSendFrom('192.0.2.254'), false);
});

test('a machine that stands still for a while reaches itself all the same', async (t) => {
  const { send } = Socket.prototype;
  const still = new Int32Array(new SharedArrayBuffer(4));
  t.mock.method(Socket.prototype, 'send', function (this: Socket, ...args: unknown[]) {
    Reflect.apply(send, this, args);
    Atomics.wait(still, 0, 0, 700);
  });
  assert.equal(await reachesItself('127.0.0.1'), true);
});
