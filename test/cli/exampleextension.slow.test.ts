import assert from 'node:assert/strict';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createServer } from 'picosocks5';
import { testPolicy } from 'picosocks5/testing';
import { Command } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { ROOT } from '../support/npm.js';
import { run } from '../support/programs.js';
import { echoServer, freePort } from '../support/sockets.js';
import { connected, connectTo, greeted } from '../support/socks.js';
import { wine } from '../support/wine.js';

const DOCS = join(ROOT, 'core/docs');

/** The example, copied to where its author would have it, and built as its package.json says. */
async function built(t: TestContext): Promise<string> {
  const folder = join(temporaryDirectory(t), 'blocklist');
  cpSync(join(DOCS, 'example-extension'), folder, { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, '..', 'node_modules'));
  const compiler = join(ROOT, 'node_modules/.bin/tsc');
  const { status, stdout } = await run(t, compiler, [], { cwd: folder });
  assert.equal(stdout, '');
  assert.equal(status, 0);
  return folder;
}

const skip = wine('tools');

test('the example of an extension builds, and does what the page says', { skip }, async (t) => {
  const folder = await built(t);
  const list = temporaryFile(t, '# not these\nlocalhost\n', 'names');
  const echo = await echoServer(t);
  const port = await freePort(t);
  const ini = temporaryFile(t, '', 'p.ini');
  const write = (lines: string) =>
    writeFileSync(ini, `extension = ${folder}\n[extension:blocklist]\n${lines}\n`);
  write(`names = example.com\nnames = Example.ORG\nfile = ${list}`);
  const command = new Command(t, ['-c', ini, `127.0.0.1:${port}`]);
  await command.line(/info +blocklist: 3 names/);
  await command.port();
  const reply = async (host: string) => (await connectTo(await greeted(t, port), host, echo)).reply;
  assert.equal(await reply('localhost'), 2);
  await command.line(/detail="blocklist localhost"|detail=.*blocklist localhost/);
  await connected(t, port, echo);
  write('names = example.com');
  command.child.kill('SIGHUP');
  await command.line(/blocklist: 1 names/);
  await command.line(/reloaded/);
  assert.equal(await reply('localhost'), 0);
  write('names = "x"');
  command.child.kill('SIGHUP');
  await command.line(/nothing was reloaded: .*p\.ini:3: blocklist\.names: expected a list/);
  assert.equal(await command.stop(), 0);
});

test('the example is a policy as it should be', { skip }, async (t) => {
  const folder = await built(t);
  const settings = { 'blocklist.names': ['localhost'] };
  const refused = { host: 'localhost', port: 80 };
  await testPolicy(t, { server: { extensions: [folder], settings }, refused });
});

test('the example has a command', { skip }, async (t) => {
  const folder = await built(t);
  const settings = { 'blocklist.names': ['example.com'] };
  const server = createServer({ listen: ['127.0.0.1:0'], extensions: [folder], settings });
  await server.listen();
  t.after(() => server.close());
  const said = await server.runCommand('blocklist.test', 'www.example.com');
  assert.equal(said, 'www.example.com falls under example.com; 0 requests were refused');
});

test('the page shows the example as it is', () => {
  const page = readFileSync(join(DOCS, 'extensions.md'), 'utf8');
  const blocks = [...page.matchAll(/```\w*\n(.*?)```/gs)].map(([, text]) => text);
  for (const file of ['package.json', 'src/extension.ts']) {
    const text = readFileSync(join(DOCS, 'example-extension', file), 'utf8');
    assert.ok(blocks.includes(text), `${file} is not in the page as it is`);
  }
});
