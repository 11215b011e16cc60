import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildExtension, EXTENSIONS } from '#build/extensions.js';
import { BUNDLED } from '../support/bundled.js';
import { Command, PICOSOCKS5 } from '../support/command.js';
import { temporaryDirectory } from '../support/files.js';
import { ROOT } from '../support/npm.js';
import { run } from '../support/programs.js';
import { wine } from '../support/wine.js';

function manifestOf(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(EXTENSIONS, name, 'package.json'), 'utf8'));
}

describe('the bundled extensions', () => {
  test('are listed, each with what it contributes, and nothing is wrong with any', async (t) => {
    const args = [PICOSOCKS5, 'extension', 'list', '--json'];
    const { status, stdout } = await run(t, process.execPath, [
      ...args,
      ...['--extensions-dir', temporaryDirectory(t)],
    ]);
    assert.equal(status, 0);
    const listed: { name: string; origin: string; error?: string }[] = JSON.parse(stdout);
    assert.deepEqual(
      listed.map(({ name, origin, error }) => [name, origin, error ?? undefined]),
      BUNDLED.map((name) => [`picosocks5-${name}`, 'bundled', undefined]),
    );
  });

  for (const name of BUNDLED) {
    test(`${name} is of this version, and is published with the server only`, () => {
      const { version } = JSON.parse(readFileSync(join(ROOT, 'core/package.json'), 'utf8'));
      const manifest = manifestOf(name);
      assert.equal(manifest['name'], `picosocks5-${name}`);
      assert.equal(manifest['version'], version);
      assert.equal(manifest['private'], true);
      assert.equal(manifest['main'], 'dist/extension.js');
      // What npm would install for the server belongs into its own package.json.
      assert.equal(manifest['dependencies'], undefined);
      const readme = readFileSync(join(EXTENSIONS, name, 'README.md'), 'utf8');
      for (const key of settingsOf(manifest)) assert.ok(readme.includes(key), key);
    });
  }

  test('cost a server that wants none of them nothing: no module, no file', async (t) => {
    const folder = temporaryDirectory(t);
    const command = new Command(t, ['127.0.0.1:0'], { NODE_V8_COVERAGE: folder });
    await command.port();
    await command.stop();
    const loaded = readdirSync(folder).flatMap((file): string[] =>
      JSON.parse(readFileSync(join(folder, file), 'utf8')).result.map(
        ({ url }: { url: string }) => url,
      ),
    );
    const own = loaded.filter((url) => url.startsWith(pathToFileURL(join(ROOT, 'core')).href));
    assert.ok(own.length > 0);
    for (const url of own) {
      assert.doesNotMatch(url, /\/core\/extensions\//);
      // Of what reads package.json files, wherever it was bundled to.
      const code = readFileSync(fileURLToPath(url), 'utf8');
      assert.ok(!code.includes('there is no such registry'), url);
    }
  });
});

function settingsOf({ contributes }: Record<string, unknown>): string[] {
  const { configuration } = contributes as { configuration?: { properties?: object } };
  return Object.keys(configuration?.properties ?? {});
}

describe('what an extension needs of npm', { skip: wine('tools') }, () => {
  /** Writes an extension that needs `greeter`, which needs `words`, and what may be native. */
  function write(folder: string): void {
    const put = (path: string, text: string) => {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    const json = (path: string, value: object) => put(path, JSON.stringify(value));
    json('package.json', {
      name: 'picosocks5-x',
      version: '1.0.0',
      devDependencies: { greeter: '1' },
    });
    put(
      'src/extension.ts',
      `import { hello } from 'greeter';
       import { name } from './name.js';
       export const text: string = hello(name);
       export const native = import('speedup').then(() => true, () => false);`,
    );
    put('src/name.ts', `export const name: string = 'Alice';`);
    put('src/other.ts', `import { hello } from 'greeter';\nexport const other = hello;`);
    json('node_modules/greeter/package.json', {
      name: 'greeter',
      version: '1.2.3',
      license: 'MIT',
      dependencies: { words: '1' },
      optionalDependencies: { speedup: '1' },
    });
    put('node_modules/greeter/LICENSE', 'You may greet.');
    put(
      'node_modules/greeter/index.js',
      `const { basename } = require('node:path');
       const words = require('words');
       exports.hello = (name) => words.hello + ' ' + basename('/' + name) + (__dirname && '!');`,
    );
    json('node_modules/words/package.json', {
      name: 'words',
      version: '2.0.0',
      license: 'ISC',
      author: 'Bob <b@example>',
    });
    put('node_modules/words/index.js', `exports.hello = 'Hello';`);
    json('node_modules/speedup/package.json', {
      name: 'speedup',
      version: '1.0.0',
      main: 'gone.node',
    });
  }

  test('is bundled into its modules, with the licences; what is native is not', async (t) => {
    const folder = temporaryDirectory(t);
    write(folder);
    await buildExtension(folder);
    const moved = join(temporaryDirectory(t), 'dist');
    const { status, stderr } = await run(t, 'cp', ['-r', join(folder, 'dist'), moved]);
    assert.deepEqual([status, stderr], [0, '']);
    const code = await import(pathToFileURL(join(moved, 'extension.js')).href);
    assert.equal(code.text, 'Hello Alice!');
    assert.equal(await code.native, false);
    const { other } = await import(pathToFileURL(join(moved, 'other.js')).href);
    assert.equal(other('Bob'), 'Hello Bob!');
    const licenses = readFileSync(join(moved, 'LICENSES.txt'), 'utf8');
    assert.match(licenses, /^greeter 1\.2\.3 \(MIT\)\n\nYou may greet\.\n/);
    assert.match(licenses, /^words 2\.0\.0 \(ISC\)\n\nBy Bob/m);
    assert.match(readFileSync(join(moved, 'extension.js'), 'utf8'), /import\("speedup"\)/);
  });

  test('is built again where it differs only, and what is gone goes', async (t) => {
    const folder = temporaryDirectory(t);
    write(folder);
    await buildExtension(folder);
    const file = (name: string) => join(folder, 'dist', name);
    const before = ['extension.js', 'name.js'].map((name) => statSync(file(name)).ino);
    writeFileSync(join(folder, 'src/name.ts'), `export const name = 'Carol';`);
    writeFileSync(file('stale.js'), '');
    await buildExtension(folder);
    const after = ['extension.js', 'name.js'].map((name) => statSync(file(name)).ino);
    assert.equal(after[0], before[0]);
    assert.notEqual(after[1], before[1]);
    assert.ok(!readdirSync(join(folder, 'dist')).includes('stale.js'));
  });
});
