import assert from 'node:assert/strict';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { BUNDLED } from '../support/bundled.js';
import { Command, PICOSOCKS5 } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { npm, pack, ROOT, unlessNpm } from '../support/npm.js';
import { run } from '../support/programs.js';
import { Cleanups } from '../support/scope.js';
import { echoServer } from '../support/sockets.js';
import { assertEcho, connected } from '../support/socks.js';
import { passwordFile } from '../support/users.js';

const YESCRYPT = '$y$j75$8D6CvP8i76KRydsby4vnJ0$tNBO9FTixNwDQa5Y9Ks91iHtaAX84OVIguKZrOu/vJ3';

describe('the npm package', { skip: unlessNpm }, () => {
  const scope = new Cleanups({ after });
  let folder: Promise<string> | undefined;

  /** An empty folder in which the package has been installed, without a network. */
  function installed(): Promise<string> {
    folder ??= install();
    return folder;
  }

  async function install(): Promise<string> {
    const packed = temporaryDirectory(scope);
    const own = await pack(scope, 'core', packed);
    const bcryptjs = await pack(scope, 'bcryptjs', packed);
    const semver = await pack(scope, 'semver', packed);
    const empty = temporaryDirectory(scope);
    const options = { cwd: empty, env: { npm_config_cache: temporaryDirectory(scope) } };
    const result = await npm(scope, ['install', '--offline', bcryptjs, semver, own], options);
    assert.deepEqual([result.status, result.stderr], [0, '']);
    return empty;
  }

  test('installs alone, with no native code', async () => {
    const modules = join(await installed(), 'node_modules');
    const names = readdirSync(modules).filter((name) => !name.startsWith('.'));
    assert.deepEqual(names.sort(), ['bcryptjs', 'picosocks5', 'semver']);
    const files = readdirSync(modules, { recursive: true, encoding: 'utf8' });
    assert.deepEqual(
      files.filter((file) => file.endsWith('.node')),
      [],
    );
  });

  test('has its license, what is new, where it comes from, and sources in its maps', async () => {
    const own = join(await installed(), 'node_modules/picosocks5');
    for (const name of ['LICENSE', 'CHANGELOG.md']) {
      assert.equal(readFileSync(join(own, name), 'utf8'), readFileSync(join(ROOT, name), 'utf8'));
    }
    const { repository, bugs, homepage } = JSON.parse(
      readFileSync(join(own, 'package.json'), 'utf8'),
    );
    assert.match(repository.url, /^git\+https:/);
    assert.match(bugs.url, /^https:/);
    assert.match(homepage, /^https:/);
    const files = readdirSync(own, { recursive: true, encoding: 'utf8' });
    const maps = files.filter((file) => file.endsWith('.map'));
    assert.ok(maps.length > 0);
    for (const map of maps) {
      const { sources, sourcesContent } = JSON.parse(readFileSync(join(own, map), 'utf8'));
      assert.equal(sourcesContent?.length, sources.length, map);
    }
  });

  test('serves as a command and as a library', async (t) => {
    const empty = await installed();
    const echo = await echoServer(t);
    const program = join(empty, 'node_modules/.bin/picosocks5');
    const command = new Command(t, ['127.0.0.1:0'], {}, program);
    await assertEcho(await connected(t, await command.port(), echo));

    writeFileSync(
      join(empty, 'library.mjs'),
      `import { createServer } from 'picosocks5';
       const server = createServer({ listen: ['127.0.0.1:0'] });
       console.log(await server.listen());
       await server.close();`,
    );
    const { status, stdout } = await run(t, process.execPath, [join(empty, 'library.mjs')]);
    assert.equal(status, 0);
    assert.match(stdout, /host: '127\.0\.0\.1'/);
  });

  test('has the bundled extensions, with all that they import', async (t) => {
    const empty = await installed();
    const program = join(empty, 'node_modules/.bin/picosocks5');
    const args = ['extension', 'list', '--json', '--extensions-dir', temporaryDirectory(t)];
    const { stdout } = await run(t, program, args);
    const listed: { name: string; origin: string; folder: string }[] = JSON.parse(stdout);
    assert.deepEqual(
      listed.map(({ name, origin }) => [name, origin]),
      BUNDLED.map((name) => [`picosocks5-${name}`, 'bundled']),
    );
    for (const { folder } of listed) {
      const files = readdirSync(folder).sort();
      assert.deepEqual(files, ['README.md', 'dist', 'package.json', 'package.nls.de.json']);
      const main = pathToFileURL(join(folder, 'dist', 'extension.js')).href;
      const code = `const { activate } = await import('${main}'); process.exit(activate ? 0 : 1);`;
      const loaded = await run(t, process.execPath, ['--input-type=module', '-e', code]);
      assert.deepEqual([loaded.status, loaded.stderr], [0, ''], folder);
    }
  });

  test('a $y$ hash asks for koffi where it is not installed', async (t) => {
    const program = join(await installed(), 'node_modules/.bin/picosocks5');
    const args = ['-a', passwordFile(t, `alice::${YESCRYPT}`), '127.0.0.1:0'];
    const { status, stderr } = await run(t, program, args);
    assert.equal(status, 1);
    const expected = process.platform === 'linux' ? /npm install koffi/ : /only libxcrypt of Linux/;
    assert.match(stderr, expected);
    assert.equal(stderr.split('\n').length, 2, stderr);
  });

  test('its types are found, with those of Node beside', async (t) => {
    const empty = await installed();
    symlinkSync(join(ROOT, 'node_modules/@types'), join(empty, 'node_modules/@types'));
    writeFileSync(
      join(empty, 'typed.ts'),
      `import { createServer, type ServerEvent } from 'picosocks5';
       createServer().onEvent((event: ServerEvent) => event.type satisfies string);`,
    );
    const compiler = join(ROOT, 'node_modules/.bin/tsc');
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--types', 'node'];
    const args = [...options, '--target', 'es2023', 'typed.ts'];
    const { status, stdout } = await run(t, compiler, args, { cwd: empty });
    assert.equal(status, 0, stdout);
  });
});

test('an old Node gets one sentence', async (t) => {
  for (const version of ['v18.20.8', 'v20.18.3', 'v8.17.0']) {
    const fake = `Object.defineProperty(process, 'version', { value: '${version}' });`;
    const preload = temporaryFile(t, fake, 'old.cjs');
    for (const program of [PICOSOCKS5, PICOSOCKS5.replace('picosocks5.cjs', 'pis5user.cjs')]) {
      const { status, stderr } = await run(t, process.execPath, ['-r', preload, program, '-V']);
      assert.equal(stderr, `picosocks5 needs Node 20.19 or later; this is ${version}\n`);
      assert.equal(status, 1);
    }
  }
});
