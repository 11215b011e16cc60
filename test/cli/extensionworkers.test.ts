import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from '../support/command.js';
import { contributing, extension } from '../support/extensions.js';
import { freePort } from '../support/sockets.js';

const parts = contributing({ eventSinks: ['mine'] });

/** Asks the others until all have answered, and says what they did. */
const sum = `
  export function activate({ workers, log, subscriptions }) {
    const values = new Map([[workers.number, workers.number * 100]]);
    workers.onMessage((message, from) => {
      if (message.ask) workers.send({ value: workers.number * 100 }, from);
      else values.set(from, message.value);
      if (values.size < workers.count || !timer) return;
      clearInterval(timer);
      timer = undefined;
      log.info('the sum is ' + [...values.values()].reduce((a, b) => a + b, 0));
    });
    let timer = setInterval(() => workers.send({ ask: true }), 20);
    subscriptions.push({ dispose: () => clearInterval(timer) });
  }`;

test('workers of an extension sum up what each has', async (t) => {
  const folder = extension(t, parts, sum);
  const args = ['--extension', folder, '--workers', '3', `127.0.0.1:${await freePort(t)}`];
  const command = new Command(t, args);
  const sums = () => command.lines.filter((line) => /ext: the sum is 600/.test(line));
  await command.line(/ext: the sum is 600/);
  while (sums().length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
  // Another one in the place of one that dies asks as well, and is answered.
  process.kill(command.workers()[0] as number, 'SIGKILL');
  while (sums().length < 4) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await command.stop(), 0);
});
