import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import type { Program } from '#main/programs/program.js';
import { type Asker, Programs } from '#main/programs/programs.js';
import type { Answer, Question } from '#main/programs/worker.js';

/** Answers when it is told to. */
class ManualAsker implements Asker {
  readonly questions: Question[] = [];
  answer: (programs: Answer['programs'], isBusy?: boolean) => void = () => {};

  ask(question: Question): Promise<Answer> {
    this.questions.push(question);
    return new Promise((resolve) => {
      this.answer = (programs, isBusy = false) => resolve({ programs, cost: 20, isBusy });
    });
  }

  dispose(): void {}
}

const curl = { name: 'curl', path: '/usr/bin/curl', pid: 7 };
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('programs of clients', () => {
  test('are asked for in batches, and only for clients of this computer', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const asker = new ManualAsker();
    const programs = new Programs(() => [1080], { asker, addresses: () => ['192.0.2.7'] });
    const told: string[] = [];
    const ask = (host: string, port: number) =>
      programs.ask({ host, port }, ({ name }) => told.push(`${name} ${port}`));
    ask('192.0.2.8', 1);
    assert.equal(asker.questions.length, 0);
    ask('127.0.0.1', 2);
    ask('192.0.2.7', 3);
    ask('::1', 4);
    ask('::1', 4);
    const first = { clients: [{ host: '127.0.0.1', port: 2 }], ports: [1080] };
    assert.deepEqual(asker.questions, [first]);
    asker.answer([curl]);
    await settled();
    assert.deepEqual(told, ['curl 2']);
    ask('127.0.0.1', 2);
    assert.deepEqual(told, ['curl 2', 'curl 2']);
    // What it cost is a tenth of the time until the next question.
    t.mock.timers.tick(179);
    assert.equal(asker.questions.length, 1);
    t.mock.timers.tick(1);
    const clients = asker.questions[1]?.clients.map(({ port }) => port);
    assert.deepEqual(clients, [3, 4]);
    asker.answer([undefined, curl], true);
    await settled();
    assert.deepEqual(told.slice(2), ['curl 4', 'curl 4']);
    // Where processors are busy it is a fiftieth.
    ask('127.0.0.1', 5);
    t.mock.timers.tick(979);
    assert.equal(asker.questions.length, 2);
    t.mock.timers.tick(1);
    assert.equal(asker.questions.length, 3);
    programs.dispose();
    ask('127.0.0.1', 9);
    assert.equal(asker.questions.length, 3);
  });

  test('no more are waited for than can be answered', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const asker = new ManualAsker();
    const programs = new Programs(() => [1080], { asker });
    for (let port = 1; port <= 5000; port++) programs.ask({ host: '127.0.0.1', port }, () => {});
    asker.answer([]);
    await settled();
    t.mock.timers.tick(60_000);
    const { clients = [] } = asker.questions[1] ?? {};
    assert.deepEqual([clients.length, clients[0]?.port], [2000, 3001]);
    programs.dispose();
  });

  for (const host of ['127.0.0.1', '::1']) {
    test(`a real one is found at ${host}`, {
      skip: process.platform === 'linux' ? false : 'only Linux tells everybody',
    }, async (t) => {
      const server = createServer().listen(0, host);
      t.after(() => server.close());
      await once(server, 'listening').catch((error) => t.skip(String(error)));
      const { port } = server.address() as { port: number };
      const script = `require('net').connect(${port}, '${host}')`;
      const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
      t.after(() => child.kill('SIGKILL'));
      const [socket] = (await once(server, 'connection')) as [Socket];
      t.after(() => socket.destroy());
      const programs = new Programs(() => [port]);
      t.after(() => programs.dispose());
      const client = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
      const found = await new Promise<Program>((resolve) => programs.ask(client, resolve));
      assert.equal(found.pid, child.pid);
      assert.equal(found.name, basename(process.execPath));
      assert.equal(found.path.endsWith(`/${found.name}`), true);
    });
  }
});
