import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { writeWholeFile } from '#main/wholefile.js';
import { temporaryDirectory } from '../../support/files.js';
import { run, unless } from '../../support/programs.js';

const onPosix = process.platform === 'win32' ? 'Windows has no such permissions' : undefined;

function modeOf(file: string): number {
  return statSync(file).mode & 0o777;
}

describe('a file that is written whole', () => {
  test('a secret one is its owner’s, whatever was there before', { skip: onPosix }, async (t) => {
    const file = join(temporaryDirectory(t), 'users.txt');
    writeFileSync(file, 'before');
    chmodSync(file, 0o644);
    await writeWholeFile(file, 'secret', { secret: true });
    assert.equal(readFileSync(file, 'utf8'), 'secret');
    assert.equal(modeOf(file), 0o600);
  });

  test('another keeps the permissions that it had', { skip: onPosix }, async (t) => {
    const file = join(temporaryDirectory(t), 'log.csv');
    writeFileSync(file, 'before');
    chmodSync(file, 0o664);
    await writeWholeFile(file, 'after');
    assert.equal(readFileSync(file, 'utf8'), 'after');
    assert.equal(modeOf(file), 0o664);
  });

  test('a link is followed', { skip: onPosix }, async (t) => {
    const folder = temporaryDirectory(t);
    writeFileSync(join(folder, 'real'), 'before');
    symlinkSync('real', join(folder, 'link'));
    await writeWholeFile(join(folder, 'link'), 'after');
    assert.equal(readFileSync(join(folder, 'real'), 'utf8'), 'after');
    assert.deepEqual(readdirSync(folder).sort(), ['link', 'real']);
  });

  test('what cannot be written is told in one sentence', async (t) => {
    const folder = temporaryDirectory(t);
    const file = join(folder, 'nowhere', 'users.txt');
    await assert.rejects(writeWholeFile(file, 'x'), {
      name: 'UserError',
      message: `"${file}" cannot be written: no such file or directory. Choose another place.`,
    });
    const other = join(folder, 'folder');
    mkdirSync(other);
    await assert.rejects(writeWholeFile(other, 'x'), {
      message: `"${other}" cannot be written: it is not a regular file. Choose another place.`,
    });
    assert.deepEqual(readdirSync(folder), ['folder']);
  });

  test('a disk that is full leaves what was there, and nothing else', {
    skip: process.platform === 'linux' ? unless('unshare', 'mount') : 'needs a small disk of Linux',
  }, async (t) => {
    const folder = temporaryDirectory(t);
    const script = `
      import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
      const { writeWholeFile } = await import(process.argv[1]);
      writeFileSync('users.txt', 'before');
      const error = await writeWholeFile('users.txt', 'x'.repeat(1e6), { secret: true }).catch((e) => e);
      console.log(error.message, readdirSync('.'), readFileSync('users.txt', 'utf8'));`;
    const module = import.meta.resolve('#main/wholefile.js');
    const shell = `mount -t tmpfs -o size=64k none . && cd . && cd "$PWD" && exec "$0" "$@"`;
    const node = [process.execPath, '--input-type=module', '-e', script, module];
    const args = ['--user', '--map-root-user', '--mount', 'sh', '-c', shell, ...node];
    const { status, stdout, stderr } = await run(t, 'unshare', args, { cwd: folder });
    if (status !== 0 && /unshare|mount/.test(stderr)) {
      t.skip(`no disk of its own: ${stderr.trim()}`);
      return;
    }
    assert.equal(
      stdout,
      '"users.txt" cannot be written: no space left on device. Choose another place. ' +
        "[ 'users.txt' ] before\n",
    );
  });
});
