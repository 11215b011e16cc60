import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { CryptPool, CryptPoolBusyError } from '#core/auth/crypt/pool.js';
import { whyUnsupported } from '#core/auth/crypt/support.js';
import {
  BCRYPT,
  bytes,
  ENDLESS,
  HORSE,
  MD5,
  SHA512,
  VECTORS,
  withoutYescrypt,
  wrong,
  YESCRYPT,
} from '../../../support/hashes.js';

describe('CryptPool', () => {
  const pool = new CryptPool({ threads: 2 });
  after(() => pool.close());

  test('refuses options out of range', () => {
    for (const options of [
      { threads: 0 },
      { threads: 1.5 },
      { queue: -1 },
      { queue: Number.NaN },
    ]) {
      assert.throws(() => new CryptPool(options), RangeError);
    }
  });

  test('checks many passwords at once, each against its own hash', async () => {
    const cheap = VECTORS.filter(([, , hash]) => !hash.includes('77777'));
    const results = await Promise.all(
      cheap.flatMap(([, password, hash]) => [
        pool.verify(bytes(password), hash),
        pool.verify(bytes(wrong(password)), hash),
      ]),
    );
    assert.deepEqual(
      results,
      cheap.flatMap(() => [true, false]),
    );
  });

  test('a password that is not UTF-8 against bcrypt', async (t) => {
    if (await withoutYescrypt(t)) return;
    const latin1 = Buffer.from('p\xe4ss', 'latin1');
    const hash = '$2b$04$abcdefghijklmnopqrstuu1L3qhPthuwddSyHopqP/p1oYCozgT7m';
    assert.equal(await pool.verify(latin1, hash), true);
    assert.equal(await pool.verify(bytes('p\xe4ss'), hash), false);
    assert.equal(await pool.verify(Buffer.from('p\xe5ss', 'latin1'), hash), false);
  });

  test("leaves the caller's password alone", async () => {
    const slab = Buffer.from(`before ${HORSE} after`);
    assert.equal(await pool.verify(slab.subarray(7, 7 + HORSE.length), SHA512), true);
    assert.equal(slab.toString(), `before ${HORSE} after`);
  });

  test('supports what needs no library, and rejects what is malformed', async () => {
    assert.equal(await whyUnsupported(MD5), undefined);
    assert.equal(await whyUnsupported(BCRYPT), undefined);
    await assert.rejects(whyUnsupported('$6$nonsense'), /malformed/);
    await assert.rejects(pool.verify(bytes(HORSE), '$6$nonsense'), /malformed/);
  });

  test('the event loop turns while 20 passwords are checked', async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 2);
    const checks = Array.from({ length: 20 }, () => pool.verify(bytes(HORSE), SHA512));
    assert.ok((await Promise.all(checks)).every(Boolean));
    clearInterval(timer);
    assert.ok(turns >= 10, `${turns} turns`);
  });

  test('refuses more than may wait', async (t) => {
    const small = new CryptPool({ threads: 1, queue: 2 });
    t.after(() => small.close());
    const checks = Array.from({ length: 3 }, () => small.verify(bytes(HORSE), SHA512));
    await assert.rejects(small.verify(bytes(HORSE), SHA512), CryptPoolBusyError);
    assert.deepEqual(await Promise.all(checks), [true, true, true]);
    assert.equal(await small.verify(bytes(HORSE), SHA512), true);
  });

  test('without a queue, takes as many as it has threads', async (t) => {
    const direct = new CryptPool({ threads: 1, queue: 0 });
    t.after(() => direct.close());
    const first = direct.verify(bytes(HORSE), SHA512);
    await assert.rejects(direct.verify(bytes(HORSE), SHA512), CryptPoolBusyError);
    assert.equal(await first, true);
  });

  test('a thread that dies fails its own password only, and is replaced', async (t) => {
    const single = new CryptPool({ threads: 1 });
    t.after(() => single.close());
    const started = once(process, 'worker') as Promise<[Worker]>;
    const doomed = assert.rejects(single.verify(bytes(HORSE), ENDLESS), /thread died/);
    const waiting = single.verify(bytes(HORSE), SHA512);
    const [worker] = await started;
    await worker.terminate();
    await doomed;
    assert.equal(await waiting, true);
  });

  test('close() ends what runs and what waits, at once and for good', async () => {
    const closing = new CryptPool({ threads: 1 });
    const started = once(process, 'worker') as Promise<[Worker]>;
    const checks = [ENDLESS, SHA512].map((hash) =>
      assert.rejects(closing.verify(bytes(HORSE), hash), /closed/),
    );
    const [worker] = await started;
    await once(worker, 'online');
    await sleep(20);
    await Promise.all([closing.close(), closing.close()]);
    await Promise.all(checks);
    assert.equal(worker.threadId, -1);
    await assert.rejects(closing.verify(bytes(HORSE), SHA512), /closed/);
    await closing.close();
  });

  test('a pool that was never used closes', async () => {
    await new CryptPool().close();
  });

  test('idle threads do not keep a process, and close() leaves nothing', async () => {
    const script = `
      import { CryptPool } from '#core/auth/crypt/pool.js';
      const check = (pool) => pool.verify(Buffer.from(${JSON.stringify(HORSE)}), '${SHA512}');
      const closed = new CryptPool({ threads: 2 });
      await Promise.all([check(closed), check(closed), check(closed)]);
      await closed.close();
      console.log(process.getActiveResourcesInfo().filter((name) => /Worker|Port/.test(name)).length);
      const idle = new CryptPool({ threads: 2 });
      console.log(await check(idle));
      process.on('exit', (code) => console.log('exit', code));
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', script],
      { timeout: 60_000 },
    );
    assert.equal(stdout, '0\ntrue\nexit 0\n');
  });

  test('checks yescrypt hashes', async (t) => {
    if (await withoutYescrypt(t)) return;
    const pool = new CryptPool({ threads: 2 });
    t.after(() => pool.close());
    assert.equal(await whyUnsupported(YESCRYPT), undefined);
    const passwords = [HORSE, 'wrong', HORSE, 'wrong', HORSE];
    const results = await Promise.all(passwords.map((text) => pool.verify(bytes(text), YESCRYPT)));
    assert.deepEqual(results, [true, false, true, false, true]);
  });

  test('close() while a thread loads the library', async (t) => {
    if (await withoutYescrypt(t)) return;
    for (let delay = 0; delay < 30; delay += 2) {
      const pool = new CryptPool({ threads: 1 });
      const started = once(process, 'worker') as Promise<[Worker]>;
      const first = pool.verify(bytes(HORSE), YESCRYPT);
      const second = pool.verify(bytes(HORSE), YESCRYPT).catch((error: Error) => error.message);
      const [worker] = await started;
      await once(worker, 'online');
      await sleep(delay);
      await pool.close();
      assert.equal(await first, true);
      assert.match(String(await second), /true|closed/);
    }
  });
});
