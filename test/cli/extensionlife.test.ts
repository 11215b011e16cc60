import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command, PICOSOCKS5 } from '../support/command.js';
import { contributing, writeExtension } from '../support/extensions.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { run } from '../support/programs.js';
import { echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connectTo, login } from '../support/socks.js';

const parts = contributing({
  authenticationSources: ['table'],
  accessPolicies: ['guard'],
  outbounds: ['mine'],
  resolvers: ['mine'],
  eventSinks: ['mine'],
});

/** An item of each registry. @param word what its policy refuses the port 1 by. */
const code = (word: string) => `
  import { connect } from 'node:net';
  import { once } from 'node:events';
  export function activate({ registries, log }) {
    registries.authenticationSources.register({ id: 'table', open: (text) => ({ name: text, kinds: new Set(['password']),
      verify: (user, password) => (Buffer.from(password).toString() === text ? { user } : undefined) }) });
    registries.accessPolicies.register({ id: 'guard', onAddress: ({ destination }) =>
      destination.port === 1 ? { by: ${JSON.stringify(word)} } : undefined });
    registries.resolvers.register({ id: 'mine', schemes: ['mine'], open: () => ({
      lookup: async ({ name }) => ({ addresses: name === 'here.test' ? ['127.0.0.1'] : [], ttl: 0 }) }) });
    registries.outbounds.register({ id: 'mine', resolves: false, async connect({ addresses, destination: { port } }) {
      const socket = connect({ host: addresses[0], port, allowHalfOpen: true });
      await once(socket, 'connect');
      log.info('out to ' + port);
      return socket;
    } });
    registries.eventSinks.register({ id: 'mine', handle(event) { if (event.type === 'request') log.info('told of ' + event.destination.port); } });
  }`;

for (const workers of ['1', '2']) {
  test(`installed, used by all its registries, disabled, replaced and removed while connections run (${workers} workers)`, {
    timeout: 100_000,
  }, async (t) => {
    const dir = temporaryDirectory(t);
    const source = writeExtension(join(temporaryDirectory(t), 'ext'), parts, code('the first'));
    const change = async (...args: string[]) => {
      const words = [PICOSOCKS5, 'extension', ...args, '--extensions-dir', dir];
      const { status, stderr } = await run(t, process.execPath, words);
      assert.deepEqual([status, stderr], [0, '']);
    };
    await change('install', source);
    const ini = temporaryFile(t, '', 'p.ini');
    const configure = (more: string) =>
      writeFileSync(ini, `extensions-dir = ${dir}\ngrace = 0\nworkers = ${workers}\n${more}`);
    configure('extension = ext\nauth = table:secret\nresolver = mine://x\n');
    const [port, echo] = [await freePort(t), await echoServer(t)];
    const command = new Command(t, ['-c', ini, '-v', 'debug', `127.0.0.1:${port}`]);
    await command.port();
    const count = (pattern: RegExp) => command.lines.filter((line) => pattern.test(line)).length;
    const more = async (pattern: RegExp, before: number) => {
      while (count(pattern) <= before) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    const reload = async (pattern: RegExp) => {
      const before = count(pattern);
      command.child.kill('SIGHUP');
      await more(pattern, before);
    };
    /** Asks until the refusals have these words, in whichever worker: it is never let through. */
    const refusedBy = async (by: string) => {
      for (let same = 0; same < 4; ) {
        const before = count(/rejected/);
        const { client, status } = await login(t, port, 'alice', 'secret');
        assert.equal(status, 0);
        assert.equal((await connectTo(client, 'here.test', 1)).reply, 2);
        await more(/rejected/, before);
        const last = command.lines.filter((line) => /rejected/.test(line)).at(-1);
        same = last?.includes(`"${by}"`) ? same + 1 : 0;
      }
    };

    const { client, status } = await login(t, port, 'alice', 'secret');
    assert.equal(status, 0);
    assert.equal((await connectTo(client, 'here.test', echo)).reply, 0);
    await command.line(new RegExp(`ext: out to ${echo}`));
    await command.line(new RegExp(`ext: told of ${echo}`));
    assert.notEqual((await login(t, port, 'alice', 'wrong')).status, 0);
    await refusedBy('the first');

    await change('disable', 'ext');
    await reload(/err +nothing was reloaded: .*"picosocks5-ext" is disabled/);
    await refusedBy('the first');
    await change('enable', 'ext');
    writeExtension(source, { ...parts, version: '1.1.0' }, code('the second'));
    await change('install', source);
    await refusedBy('the first');
    await reload(/notice reloaded/);
    await refusedBy('the second');
    await change('remove', 'ext');
    await reload(/err +nothing was reloaded: .*there is no extension "ext"/);
    await refusedBy('the second');
    configure('anonymous = yes\n');
    await reload(/notice reloaded/);
    await assertEcho(client);
    assert.equal(await command.stop(), 0);
  });
}
