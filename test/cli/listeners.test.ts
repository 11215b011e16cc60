import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Command } from '../support/command.js';
import { temporaryFile } from '../support/files.js';
import { Client, echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connected, connectTo, greeted, login } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

const unix = process.platform === 'win32' ? 'no signals on Windows' : undefined;

/** A running command with a configuration file, and what writes another and has it read. */
function started(t: TestContext, ini: string, ...args: string[]) {
  const file = temporaryFile(t, ini, 'picosocks5.ini');
  const command = new Command(t, ['--grace', '0', '-c', file, ...args]);
  const reload = async (changed: string, said: RegExp) => {
    writeFileSync(file, changed);
    command.lines.length = 0;
    command.child.kill('SIGHUP');
    await command.line(said);
  };
  return { command, reload };
}

/** Tries until it holds, at most 10 s: what was refused leaves some workers with it for a moment. */
async function inTheEnd(attempt: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
  }
}

for (const workers of ['1', '2']) {
  test(`listeners with settings of their own are told by name (${workers})`, {
    skip: workers === '1' ? undefined : unix,
  }, async (t) => {
    const [echo, other] = [await echoServer(t), await echoServer(t)];
    const users = passwordFile(t, `alice::${plainSecret('secret')}`);
    const [local, lan] = [await freePort(t), await freePort(t)];
    const ini = [
      ...[`workers = ${workers}`, `auth = ${users}`],
      ...['[listener:local]', `listen = 127.0.0.1:${local}`, 'anonymous = yes'],
      ...[
        '[listener:lan]',
        `listen = 127.0.0.1:${lan}`,
        `request = connect:*:${other}`,
        'maxconn = 2',
      ],
    ].join('\n');
    const { command } = started(t, ini);
    await command.line(new RegExp(`listening address=127.0.0.1:${local} listener=local$`));
    await command.line(new RegExp(`listening address=127.0.0.1:${lan} listener=lan$`));
    await assertEcho(await connected(t, local, echo));
    const { client, status } = await login(t, lan, 'alice', 'secret');
    assert.equal(status, 0);
    assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 2);
    await command.line(/rejected #\d+ .*detail="no rule allows it" listener=lan$/);
    await client.readAll();
    client.socket.end();
    await command.line(/closed #\d+ .*reason=not-allowed listener=lan$/);
    const places: Client[] = [];
    for (let i = 0; i < 2; i++) {
      const place = (await login(t, lan, 'alice', 'secret')).client;
      assert.equal((await connectTo(place, '127.0.0.1', other)).reply, 0);
      places.push(place);
    }
    await assert.rejects(login(t, lan, 'alice', 'secret'));
    await command.line(/rejected #\d+ .*detail="at this listener" listener=lan$/);
    await assertEcho(await connected(t, local, echo));
    for (const place of places) await assertEcho(place);
    if (process.platform === 'win32') return;
    assert.equal(await command.stop(), 0);
    await command.line(new RegExp(`stopped address=127.0.0.1:${lan} listener=lan$`));
    assert.match(
      command.stdout,
      new RegExp(`listens on 127.0.0.1:${local} \\(local\\) and 127.0.0.1:${lan} \\(lan\\)\n`),
    );
    assert.match(command.stdout, new RegExp(`curl -x socks5h://127.0.0.1:${local} `));
  });

  test(`SIGHUP adds, changes and removes listeners (${workers})`, { skip: unix }, async (t) => {
    const [echo, other] = [await echoServer(t), await echoServer(t)];
    const [a, b, c] = [await freePort(t), await freePort(t), await freePort(t)];
    const one = `[listener:one]\nlisten = 127.0.0.1:${a}\n`;
    const two = `[listener:two]\nlisten = 127.0.0.1:${b}\n`;
    const rule = `request = connect:127.0.0.1:${other}\n`;
    const { command, reload } = started(t, one, '--workers', workers, '--log-format', 'json');
    await command.line(/"listening"/);
    const client = await connected(t, a, echo);
    const replies = (port: number, toEcho: number, toOther: number) =>
      inTheEnd(async () => {
        for (let i = 0; i < 4; i++) {
          const client = await greeted(t, port);
          assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, toEcho, `${port}`);
          const another = await greeted(t, port);
          assert.equal((await connectTo(another, '127.0.0.1', other)).reply, toOther, `${port}`);
        }
      });

    await reload(one + rule + two, /"reloaded"/);
    assert.ok(command.lines.some((line) => /"listening".*"listener":"two"/.test(line)));
    assert.ok(!command.lines.some((line) => /"stopped"/.test(line)));
    await replies(a, 2, 0);
    await replies(b, 0, 0);
    await command.line(/"rejected".*"listener":"one"/);

    const lax = one.replace('[', 'timeout = 5\n[');
    for (const [mistake, said] of [
      [`${lax}${two}maxcon = 5\n`, /nothing was reloaded: .*unknown parameter \\"maxcon\\"/],
      [`${lax}${two}auth = /nowhere\n`, /nothing was reloaded: \[listener:two\]: cannot read /],
      [`${lax}${two}listen = *:0\n`, /nothing was reloaded: \[listener:two\]: refusing to listen/],
      [
        `${lax}${two}listen = 127.0.0.1:${a}\n`,
        /nothing was reloaded: the listeners \\"one\\" and/,
      ],
      [`${lax}${two}listen = 192.0.2.254:1\nanonymous = yes\n`, /nothing was reloaded: cannot /],
    ] as const) {
      await reload(mistake, said);
      await replies(a, 2, 0);
      await replies(b, 0, 0);
    }

    await reload(`listen = 127.0.0.1:${c}\n${two}${rule}`, /"reloaded"/);
    await inTheEnd(() => assert.rejects(Client.connect(t, a), { code: 'ECONNREFUSED' }));
    await replies(b, 2, 0);
    await replies(c, 0, 0);
    assert.ok(command.lines.some((line) => /"stopped".*"listener":"one"/.test(line)));
    assert.ok(command.lines.some((line) => /"listening".*"listener":"default"/.test(line)));
    await assertEcho(client);
    assert.equal(await command.stop(), 0);
  });
}

test('with workers, listeners that leave their ports to the system have each its own', {
  skip: unix,
}, async (t) => {
  const echo = await echoServer(t);
  const ini =
    '[listener:one]\nlisten = 127.0.0.1:0\n[listener:two]\nlisten = 127.0.0.1:0\nrequest = !all\n';
  const { command, reload } = started(t, ini, '--workers', '2');
  const ports: number[] = [];
  for (const name of ['one', 'two']) {
    const [, port] = await command.line(
      new RegExp(`listening address=\\S+:(\\d+) listener=${name}$`),
    );
    ports.push(Number(port));
  }
  const [one = 0, two = 0] = ports;
  const assertApart = async () => {
    for (let i = 0; i < 8; i++) {
      assert.equal((await connectTo(await greeted(t, one), '127.0.0.1', echo)).reply, 0);
      assert.equal((await connectTo(await greeted(t, two), '127.0.0.1', echo)).reply, 2);
    }
  };
  await assertApart();
  await reload(ini, /reloaded$/);
  await assertApart();
  assert.equal(await command.stop(), 0);
});
