import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from '../support/command.js';
import { plink } from '../support/plink.js';
import { unless } from '../support/programs.js';
import { serve } from '../support/sockets.js';
import { passwordFile, plainSecret } from '../support/users.js';

test("PuTTY's plink authenticates by CHAP", { skip: unless('plink') }, async (t) => {
  const target = await serve(t, (socket) => socket.end('welcome'));
  const users = passwordFile(t, `alice:staff:${plainSecret('se:cret')}`);
  const command = new Command(t, ['-v', 'debug', '-a', users, '127.0.0.1:0']);
  const login = { proxy: await command.port(), target, user: 'alice' };

  assert.equal((await plink(t, { ...login, password: 'se:cret' })).stdout, 'welcome');
  await command.line(/authenticated #1 .*user=alice group=staff method=chap/);
  assert.equal((await plink(t, { ...login, password: 'other' })).stdout, '');
  await command.line(/authentication-failed #2 .*user=alice method=chap/);
});
