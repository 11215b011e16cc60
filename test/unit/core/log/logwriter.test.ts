import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { closeSync, openSync, readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LogWriter } from '#core/log/logwriter.js';
import { temporaryFile } from '../../../support/files.js';

type Write = (
  fd: number,
  bytes: Buffer,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

/** Takes the place of write(2) until the test ends. @returns the texts it was given. */
function onWrite(
  t: TestContext,
  take: (bytes: Buffer) => number | NodeJS.ErrnoException,
): string[] {
  const texts: string[] = [];
  const write: Write = (_fd, bytes, done) => {
    texts.push(bytes.toString());
    const result = take(bytes);
    setImmediate(() => (typeof result === 'number' ? done(null, result) : done(result, 0)));
  };
  const mocked = t.mock.method(fs, 'write', write as typeof fs.write);
  syncBuiltinESMExports();
  t.after(() => {
    mocked.mock.restore();
    syncBuiltinESMExports();
  });
  return texts;
}

const failure = (code: string) => Object.assign(new Error(code), { code });

describe('LogWriter', () => {
  test('writes lines to a file in their order', async (t) => {
    const file = temporaryFile(t, '');
    const fd = openSync(file, 'a');
    const writer = new LogWriter(fd);
    const lines = Array.from({ length: 5000 }, (_, i) => `line ${i} é`);
    for (const [i, line] of lines.entries()) {
      writer.write(line);
      if (i % 1000 === 0) await new Promise(setImmediate);
    }
    await writer.close();
    closeSync(fd);
    assert.deepEqual(readFileSync(file, 'utf8').split('\n'), [...lines, '']);
  });

  test('many lines are one write, and one write waits for another', async (t) => {
    const late = ['d', 'e'];
    const texts = onWrite(t, (bytes) => {
      for (const line of late.splice(0)) writer.write(line);
      return bytes.length;
    });
    const writer = new LogWriter(2);
    for (const line of ['a', 'b', 'c']) writer.write(line);
    await writer.close();
    assert.deepEqual(texts, ['a\nb\nc\n', 'd\ne\n']);
  });

  test('goes on where a write stopped', async (t) => {
    const texts = onWrite(t, (bytes) => Math.min(bytes.length, 4));
    const writer = new LogWriter(2);
    writer.write('0123456789');
    await writer.close();
    assert.deepEqual(texts, ['0123456789\n', '456789\n', '89\n']);
  });

  test('tries again while nobody reads', async (t) => {
    let busy = 2;
    const texts = onWrite(t, (bytes) => (busy-- > 0 ? failure('EAGAIN') : bytes.length));
    const writer = new LogWriter(2);
    writer.write('a');
    await writer.close();
    assert.deepEqual(texts, ['a\n', 'a\n', 'a\n']);
  });

  test('close() gives a reader up that takes nothing for a second', async (t) => {
    onWrite(t, () => failure('EAGAIN'));
    const writer = new LogWriter(2);
    writer.write('a');
    const start = performance.now();
    await writer.close();
    const duration = performance.now() - start;
    assert.ok(duration > 900 && duration < 5000, `${duration} ms`);
  });

  test('loses what cannot be written, and goes on', async (t) => {
    let broken = true;
    const texts = onWrite(t, (bytes) => (broken ? failure('EPIPE') : bytes.length));
    const writer = new LogWriter(2);
    writer.write('a');
    await writer.close();
    broken = false;
    writer.write('b');
    await writer.close();
    assert.deepEqual(texts, ['a\n', 'b\n']);
  });

  test('keeps about 1 MiB while the reader is slow, and counts what it lost', async (t) => {
    const texts = onWrite(t, (bytes) => bytes.length);
    const writer = new LogWriter(2);
    const line = 'x'.repeat(1023);
    for (let i = 0; i < 3000; i++) writer.write(line);
    await writer.close();
    writer.write('after');
    await writer.close();
    const [first = '', second] = texts;
    assert.ok(first.length < 1.1 * 1024 * 1024, `${first.length} characters`);
    const written = first.split('\n').filter((text) => text === line).length;
    assert.ok(first.endsWith(`\n(${3000 - written} lines of the log were lost)\n`));
    assert.equal(second, 'after\n');
  });

  test('close() without anything to write', async () => {
    await new LogWriter(2).close();
  });

  test('close() waits for a slow pipe, and a process ends with all written', async (t) => {
    const module = new URL('../../../../../core/dist/log/logwriter.js', import.meta.url);
    const script = `
      const { LogWriter } = await import(${JSON.stringify(module.href)});
      const writer = new LogWriter(2);
      const lines = (first) => {
        for (let i = first; i < first + 5000; i++) writer.write(String(i).padStart(100, '.'));
      };
      lines(0);
      await new Promise((resolve) => setTimeout(resolve, 10));
      lines(5000);
      process.stdout.write('ready');
      await writer.close();
    `;
    const args = ['--input-type=module', '--eval', script];
    const child: ChildProcess = spawn(process.execPath, args, {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.after(() => child.kill('SIGKILL'));
    const { stdout, stderr } = child;
    if (stdout === null || stderr === null) assert.fail();
    await once(stdout, 'data');
    let text = '';
    for await (const chunk of stderr.setEncoding('utf8')) text += chunk;
    const numbers = text
      .split('\n')
      .slice(0, -1)
      .map((line) => Number(line.replace(/^\.*/, '')));
    assert.deepEqual(
      numbers,
      Array.from({ length: 10_000 }, (_, i) => i),
    );
  });
});
