import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Command } from '../support/command.js';
import { Home, packed, TRAP } from '../support/extensioncommand.js';
import { contributing, extension, writeExtension } from '../support/extensions.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { unlessNpm } from '../support/npm.js';
import { npmRegistry } from '../support/npmregistry.js';
import { pax, type TarEntry, tar, tarball } from '../support/tarballs.js';

const scripts = Object.fromEntries(
  ['preinstall', 'install', 'postinstall', 'prepare'].map((name) => [
    name,
    `node -e "require('fs').writeFileSync('script-ran', '')"`,
  ]),
);
const sinks = contributing({ eventSinks: ['ext'] });

describe('picosocks5 extension install', () => {
  test('a folder, of which nothing is loaded', async (t) => {
    const folder = extension(t, { ...sinks, scripts }, TRAP);
    mkdirSync(join(folder, 'node_modules/other'), { recursive: true });
    writeFileSync(join(folder, 'node_modules/other/index.js'), '');
    writeFileSync(join(folder, '.npmrc'), 'git=/bin/false\n');
    chmodSync(join(folder, 'extension.js'), 0o666);
    symlinkSync('extension.js', join(folder, 'link.js'));
    const home = new Home(t);
    const { status, stdout, stderr } = await home.extension('install', folder);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^installed picosocks5-ext 1\.0\.0 in .*\n.*extension = picosocks5-ext/);
    const { folder: own, ...entry } = home.index()['picosocks5-ext'] ?? {};
    assert.deepEqual(entry, { version: '1.0.0', enabled: true, source: folder });
    assert.deepEqual(home.files('picosocks5-ext'), ['extension.js', 'link.js', 'package.json']);
    if (process.platform !== 'win32') {
      assert.equal(statSync(join(home.installed, String(own), 'link.js')).mode & 0o777, 0o644);
    }
  });

  test('a tarball of npm pack, which a server then uses', { skip: unlessNpm }, async (t) => {
    const home = new Home(t);
    const { file, sha512 } = await packed(t, { ...sinks, scripts });
    const { status, stderr } = await home.extension('install', file);
    assert.deepEqual([status, stderr], [0, '']);
    const { folder: _, ...entry } = home.index()['picosocks5-ext'] ?? {};
    assert.deepEqual(entry, { version: '1.0.0', sha512, enabled: true, source: file });
    assert.deepEqual(home.files('picosocks5-ext'), ['extension.js', 'package.json']);

    const idle = new Command(t, ['127.0.0.1:0'], home.env);
    await idle.port();
    assert.equal(await idle.stop(), 0);
    assert.ok(!home.files('picosocks5-ext').includes('loaded'), 'it was loaded unnamed');
    const command = new Command(t, ['--extension', 'ext', '127.0.0.1:0'], home.env);
    await command.line(/ext: active/);
    await command.port();
    assert.equal(await command.stop(), 0);
  });

  test('by its name from npm, with what it needs', { skip: unlessNpm }, async (t) => {
    const needs = { dependencies: { needed: '^1.0.0' }, devDependencies: { typescript: '^7.0.0' } };
    const manifest = { name: '@me/picosocks5-ext', ...sinks, ...needs, scripts };
    const peers = { ...manifest, peerDependencies: { picosocks5: '^1.0.0' } };
    const [one, two, needed] = [
      await packed(t, manifest),
      await packed(t, { ...peers, version: '2.0.0' }),
      await packed(t, { name: 'needed', scripts }),
    ];
    const publish = (parts: object, version: string, { tarball: octets }: { tarball: Buffer }) => ({
      manifest: { name: 'needed', ...parts, version },
      tarball: octets,
    });
    const { url, asked } = await npmRegistry(t, [
      publish(manifest, '1.0.0', one),
      publish(peers, '2.0.0', two),
      publish({ scripts }, '1.0.0', needed),
    ]);
    const home = new Home(t, url);
    const old = await home.extension('install', '@me/picosocks5-ext@1.0.0');
    assert.deepEqual([old.status, old.stderr], [0, '']);
    assert.equal(home.index()['@me/picosocks5-ext']?.['version'], '1.0.0');
    await home.extension('disable', 'ext');
    const { status, stdout, stderr } = await home.extension('install', '@me/picosocks5-ext');
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /installed @me\/picosocks5-ext 2\.0\.0 in the place of 1\.0\.0 in/);
    const entry = home.index()['@me/picosocks5-ext'];
    assert.deepEqual(entry && { ...entry, folder: '' }, {
      version: '2.0.0',
      sha512: two.sha512,
      enabled: false,
      source: '@me/picosocks5-ext',
      folder: '',
    });
    const files = home.files('@me/picosocks5-ext');
    assert.ok(files.includes('node_modules/needed/extension.js'), files.join());
    assert.ok(!files.some((file) => /loaded|script-ran/.test(file)), files.join());
    assert.ok(!asked.some((path) => /typescript|\/picosocks5$/.test(path)), asked.join());
    const own = join(home.installed, String(entry?.['folder']), 'package.json');
    assert.equal(JSON.parse(readFileSync(own, 'utf8')).devDependencies.typescript, '^7.0.0');
    const none = await home.extension('install', 'nobody@1');
    assert.equal(none.status, 1);
    assert.match(none.stderr, /^picosocks5 extension install: npm cannot fetch "nobody@1": .+\n$/);
    const { stdout: list } = await home.extension('list');
    assert.match(list, /@me\/picosocks5-ext +2\.0\.0 +installed +disabled +eventSinks ext/);
  });

  test('what it needs and is not there: nothing is kept', { skip: unlessNpm }, async (t) => {
    const { url } = await npmRegistry(t, []);
    const home = new Home(t, url);
    const folder = extension(t, { ...sinks, dependencies: { absent: '1' } }, TRAP);
    const { status, stderr } = await home.extension('install', folder);
    assert.equal(status, 1);
    assert.match(stderr, /npm cannot install what "picosocks5-ext" needs: .*absent.*\n$/);
    assert.deepEqual(readdirSync(home.installed), []);
  });

  test('a version that is wrong leaves the one before', async (t) => {
    const home = new Home(t);
    const folder = extension(t, sinks, TRAP);
    assert.equal((await home.extension('install', folder)).status, 0);
    const before = [home.index(), readdirSync(home.installed)];
    for (const [parts, message] of [
      [{ engines: { picosocks5: '^9.0.0' } }, /it is for \^9\.0\.0, and this is/],
      [{ version: 'new' }, /package\.json: version: expected one like 1\.0\.0, not "new"/],
      [{ main: 'absent.js' }, /has no "absent\.js", its main file: was it built\?/],
      [{ main: '../../x.js' }, /"\.\.\/\.\.\/x\.js" is not in the folder/],
      [{ contributes: { policies: [] } }, /contributes\.policies: there is no such registry/],
    ] as const) {
      writeExtension(folder, { ...sinks, ...parts }, TRAP);
      const { status, stdout, stderr } = await home.extension('install', folder);
      assert.deepEqual([status, stdout], [1, '']);
      assert.match(stderr, message);
      assert.equal(stderr.split('\n').length, 2, stderr);
    }
    assert.deepEqual([home.index(), readdirSync(home.installed)], before);
  });

  test('the version before stays until the next change, as a server may run it', async (t) => {
    const home = new Home(t);
    const folder = extension(t, sinks, TRAP);
    const install = async (version: string) => {
      writeExtension(folder, { ...sinks, version }, TRAP);
      assert.equal((await home.extension('install', folder)).status, 0);
      return readdirSync(home.installed).filter((name) => name !== 'extensions.json').length;
    };
    assert.deepEqual([await install('1.0.0'), await install('2.0.0')], [1, 2]);
    assert.equal(await install('3.0.0'), 2);
    assert.equal((await home.extension('remove', 'ext')).status, 0);
    assert.deepEqual(readdirSync(home.installed), ['extensions.json']);
  });

  test('many at once', async (t) => {
    const home = new Home(t);
    const names = ['a', 'b', 'c', 'd'].map((letter) => `picosocks5-${letter}`);
    const folders = names.map((name) => extension(t, { name, ...sinks }, TRAP));
    const all = await Promise.all(folders.map((folder) => home.extension('install', folder)));
    assert.deepEqual(all.map(({ stderr }) => stderr).join(''), '');
    assert.deepEqual(Object.keys(home.index()), names);
    for (const name of names) assert.ok(home.files(name).includes('extension.js'));
  });

  const sources: [string, RegExp][] = [
    ['./absent', /"\.\/absent" is no extension: .*no such file/],
    ['./absent.tgz', /cannot read "\.\/absent\.tgz": no such file/],
    ['git+https://example.com/x.git', /neither a folder, a \.tgz nor a name of npm/],
    ['me/picosocks5-ext', /"me\/picosocks5-ext" is no extension/],
    ['ext@https://example.com/x.tgz', /neither a folder, a \.tgz nor a name of npm/],
    ['ext@npm:other@1', /neither a folder, a \.tgz nor a name of npm/],
    ['Ext', /neither a folder, a \.tgz nor a name of npm/],
  ];
  for (const [source, message] of sources) {
    test(`the source ${source}: one sentence`, async (t) => {
      const { status, stdout, stderr } = await new Home(t).extension('install', source);
      assert.deepEqual([status, stdout], [1, '']);
      assert.match(stderr, message);
      assert.equal(stderr.split('\n').length, 2, stderr);
    });
  }
});

const manifest: TarEntry = {
  name: 'package/package.json',
  content: JSON.stringify({
    name: 'picosocks5-ext',
    version: '1.0.0',
    main: 'extension.js',
    engines: { picosocks5: '^1.0.0' },
  }),
};
const main: TarEntry = { name: 'package/extension.js', content: TRAP };
const whole = [manifest, main];

const hostile: [name: string, entries: TarEntry[], message: RegExp][] = [
  [
    'above',
    [{ name: 'package/../../evil', content: 'x' }],
    /the name "package\/\.\.\/\.\.\/evil" in it is not safe/,
  ],
  ['above at once', [{ name: '../evil', content: 'x' }], /the name "\.\.\/evil" in it is not safe/],
  ['absolute', [{ name: '/tmp/picosocks5-evil', content: 'x' }], /is not safe/],
  ['a backslash', [{ name: 'package/..\\..\\evil', content: 'x' }], /is not safe/],
  ['a drive', [{ name: 'package/c:evil', content: 'x' }], /is not safe/],
  ['a line end', [{ name: 'package/a\nb', content: 'x' }], /"package\/a\\nb" in it is not safe/],
  [
    'a symbolic link',
    [
      { name: 'package/l', type: '2', link: '/etc' },
      { name: 'package/l/evil', content: 'x' },
    ],
    /"package\/l" in it is a link: expected files/,
  ],
  ['a hard link', [{ name: 'package/l', type: '1', link: '/etc/passwd' }], /is a link/],
  ['a device', [{ name: 'package/null', type: '3' }], /neither a file nor a folder/],
  ['a FIFO', [{ name: 'package/fifo', type: '6' }], /neither a file nor a folder/],
  ['a file twice', [main], /"package\/extension\.js" stands in it twice/],
  [
    'a long name that leads out',
    [
      { name: 'PaxHeader', type: 'x', content: pax('path', 'package/../../evil') },
      { name: 'package/x', content: 'x' },
    ],
    /is not safe/,
  ],
  [
    "GNU's long name that leads out",
    [
      { name: '././@LongLink', type: 'L', content: 'a/../../evil\0' },
      { name: 'package/x', content: 'x' },
    ],
    /is not safe/,
  ],
  [
    'a long header',
    [{ name: 'PaxHeader', type: 'x', size: 0o7777777777 }],
    /a header in it is too long/,
  ],
  [
    'a broken header',
    [{ name: 'PaxHeader', type: 'x', content: '99 path=x\n' }],
    /a header in it is damaged/,
  ],
  [
    'a size that is not there',
    [{ name: 'package/x', content: 'x', size: 0o7777777 }],
    /it ends before its end/,
  ],
];

describe('hostile tarballs', () => {
  for (const [name, entries, message] of hostile) {
    test(name, async (t) => {
      const home = new Home(t);
      const file = tarball(t, [...whole, ...entries]);
      const { status, stdout, stderr } = await home.extension('install', file);
      assert.deepEqual([status, stdout], [1, '']);
      assert.match(stderr, message);
      assert.ok(stderr.includes(`"${file}"`), stderr);
      assert.equal(stderr.split('\n').length, 2, stderr);
      assert.deepEqual(readdirSync(home.installed), []);
      assert.ok(!existsSync(join(home.folder, 'data/picosocks5/evil')));
    });
  }

  test('a bomb: 257 MiB of zeros, and many files', async (t) => {
    const home = new Home(t);
    const zeros = { name: 'package/zeros', content: new Uint8Array(257 * 1024 * 1024) };
    const many = Array.from({ length: 20_001 }, (_, i) => ({ name: `package/f/${i}` }));
    for (const [entries, message] of [
      [[zeros], /has more than 256 MiB of files: expected an extension/],
      [many, /has more than 20000 files: expected an extension/],
    ] as const) {
      const { status, stderr } = await home.extension(
        'install',
        tarball(t, [...whole, ...entries]),
      );
      assert.equal(status, 1);
      assert.match(stderr, message);
      assert.deepEqual(readdirSync(home.installed), []);
    }
  });

  test('what is none', async (t) => {
    const home = new Home(t);
    const octets = gzipSync(Buffer.concat([tar(whole), Buffer.alloc(1024)]));
    for (const [content, message] of [
      ['no gzip', /is no tarball \(\.tgz\): incorrect header check/],
      ['', /is no extension: there is no package\.json|is no tarball/],
      [octets.subarray(0, octets.length - 20), /is no tarball|cannot be unpacked/],
      [gzipSync('x'.repeat(512)), /it is damaged, or no tarball/],
      [gzipSync(Buffer.alloc(1024)), /is no extension: there is no package\.json in it/],
    ] as const) {
      const { status, stderr } = await home.extension(
        'install',
        temporaryFile(t, content, 'x.tgz'),
      );
      assert.equal(status, 1);
      assert.match(stderr, message);
      assert.equal(stderr.split('\n').length, 2, stderr);
    }
  });

  test('what is fine: long names, another first folder, an .npmrc that is left out', async (t) => {
    const home = new Home(t);
    const long = `${'folder/'.repeat(20)}file`;
    const file = tarball(t, [
      { name: 'pax_global_header', type: 'g', content: pax('comment', 'x') },
      { name: 'other/', type: '5' },
      ...whole.map((entry) => ({ ...entry, name: entry.name.replace('package', 'other') })),
      { name: 'other/.npmrc', content: 'registry=http://127.0.0.1:9/' },
      { name: 'PaxHeader', type: 'x', content: pax('path', `other/a/${long}`) },
      { name: 'other/short', content: 'a' },
      { name: '././@LongLink', type: 'L', content: `other/b/${long}\0` },
      { name: 'other/short', content: 'b' },
    ]);
    const { status, stderr } = await home.extension('install', file);
    assert.deepEqual([status, stderr], [0, '']);
    const files = home.files('picosocks5-ext').filter((name) => !/folder$|^[ab]$/.test(name));
    assert.deepEqual(files, [`a/${long}`, `b/${long}`, 'extension.js', 'package.json']);
  });

  test('into a folder that others can write', { skip: process.platform === 'win32' }, async (t) => {
    const folder = join(temporaryDirectory(t), 'shared');
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    const home = new Home(t);
    const args = ['install', '--extensions-dir', folder, tarball(t, whole)];
    const { status, stderr } = await home.extension(...args);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /install: "\S+shared" can be changed by everybody \(mode 777\); .*chmod go-w/,
    );
    assert.deepEqual(readdirSync(folder), []);
  });
});
