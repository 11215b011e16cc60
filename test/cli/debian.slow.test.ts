import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { debianVersion, packageServer } from '#build/debian.js';
import { Command } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { unlessNpm } from '../support/npm.js';
import { has, run, unless } from '../support/programs.js';
import { freePort } from '../support/sockets.js';

const skip = unlessNpm ?? unless('dpkg-deb', 'tar', 'xz');

/** Whether a root file system can be laid over this one, in a namespace of its own. */
function unlessOverlay(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = unless('unshare', 'dpkg', 'adduser');
  if (missing !== undefined || !has('unshare')) return missing;
  const probe =
    'mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w /mnt/m && ' +
    'mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/m';
  try {
    execFileSync('unshare', ['-m', 'sh', '-c', probe], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'the kernel lets nobody mount an overlay here';
  }
}

test('a version before a release sorts before it', () => {
  assert.equal(debianVersion('1.2.3'), '1.2.3');
  assert.equal(debianVersion('2.0.0-beta.1'), '2.0.0~beta.1');
});

describe('the Debian package', { skip }, () => {
  let deb = '';
  before((t) => {
    deb = packageServer(temporaryDirectory({ after: (action) => void closing.push(action) }));
    void t;
  });
  const closing: (() => unknown)[] = [];
  process.on('exit', () => {
    for (const action of closing) action();
  });

  test('has what a service needs, where Debian has it', async (t) => {
    const dpkg = async (...args: string[]) => (await run(t, 'dpkg-deb', args)).stdout;
    const info = await dpkg('-I', deb);
    assert.match(info, / Package: picosocks5\n/);
    assert.match(info, / Architecture: all\n/);
    assert.match(info, / Depends: nodejs \(>= 20\.19\), adduser\n/);
    const list = await dpkg('-c', deb);
    const files = new Map(
      list
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const [mode = '', owner = '', , , , name = ''] = line.split(/\s+/);
          return [name, { mode, owner }];
        }),
    );
    for (const name of [
      'etc/picosocks5/picosocks5.ini',
      'etc/logrotate.d/picosocks5',
      'etc/fail2ban/filter.d/picosocks5.conf',
      'lib/systemd/system/picosocks5.service',
      'lib/systemd/system/picosocks5.socket',
      'usr/bin/picosocks5',
      'usr/bin/pis5user',
      'usr/share/man/man8/picosocks5.8.gz',
      'usr/share/man/man1/pis5user.1.gz',
      'usr/share/doc/picosocks5/copyright',
      'usr/share/doc/picosocks5/changelog.gz',
      'usr/lib/picosocks5/dist/cli/main.js',
      'usr/lib/picosocks5/node_modules/bcryptjs/package.json',
      'usr/lib/picosocks5/node_modules/semver/package.json',
    ]) {
      assert.ok(files.has(`./${name}`), name);
    }
    for (const [name, { mode, owner }] of files) {
      assert.equal(owner, 'root/root', name);
      const isProgram = /\/bin\/pi[^/]*\.cjs$/.test(name);
      const expected = name.endsWith('/') || isProgram ? /^[d-]rwxr-xr-x$/ : /^(-rw-r--r--|l.*)$/;
      assert.match(mode, expected, name);
      assert.doesNotMatch(name, /electron|koffi|\.ts$(?<!\.d\.ts)(?<!example-extension.*)/);
    }
  });

  test('its files run, and its configuration is one', async (t) => {
    const root = temporaryDirectory(t);
    execFileSync('dpkg-deb', ['-x', deb, root]);
    const program = join(root, 'usr/bin/picosocks5');
    const ini = join(root, 'etc/picosocks5/picosocks5.ini');
    const socket = join(root, 'c.sock');
    const port = await freePort(t);
    const args = ['-c', ini, '--control', `unix:${socket}`, `127.0.0.1:${port}`];
    const command = new Command(t, args, {}, program);
    await command.line(/listening/);
    const status = async () =>
      run(t, process.execPath, [program, 'status', '--control', `unix:${socket}`]);
    let said = await status();
    while (said.status !== 0) said = await status();
    assert.match(said.stdout, /: serving\n/);
    assert.equal(await command.stop(), 0);
    assert.deepEqual(readdirSync(join(root, 'etc/picosocks5')), ['picosocks5.ini']);
  });

  test('it installs, upgrades and is purged', {
    skip: unlessOverlay(),
  }, async (t) => {
    const steps = `set -e
      dpkg --no-triggers --force-depends -i /p.deb >/dev/null
      stat -c '%U:%G %a %n' /etc/picosocks5 /etc/picosocks5/picosocks5.ini \\
        /var/lib/picosocks5 /var/log/picosocks5
      setpriv --reuid picosocks5 --regid picosocks5 --clear-groups \\
        /usr/bin/picosocks5 check -c /etc/picosocks5/picosocks5.ini - connect 192.0.2.1:1
      echo '# mine' >> /etc/picosocks5/picosocks5.ini; chmod 0600 /etc/picosocks5/picosocks5.ini
      dpkg --no-triggers --force-depends -i /p.deb >/dev/null
      tail -n 1 /etc/picosocks5/picosocks5.ini; stat -c %a /etc/picosocks5/picosocks5.ini
      dpkg --no-triggers -r picosocks5 >/dev/null
      ls /etc/picosocks5 /usr/bin/picosocks5 2>/dev/null || true
      dpkg --no-triggers -P picosocks5 >/dev/null
      ls -d /etc/picosocks5 /var/lib/picosocks5 /var/log/picosocks5 2>/dev/null || echo gone`;
    const script = `set -e
      mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w /mnt/m
      mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/m
      cp ${deb} /mnt/m/p.deb
      mount --bind /dev /mnt/m/dev; mount -t proc proc /mnt/m/proc
      exec chroot /mnt/m sh "$1"`;
    const file = temporaryFile(t, script, 'overlay.sh');
    const inner = temporaryFile(t, steps, 'steps.sh');
    const { stdout, stderr, status } = await run(t, 'unshare', ['-m', 'sh', file, inner]);
    assert.equal(status, 0, stderr);
    assert.deepEqual(stdout.trimEnd().split('\n'), [
      'root:picosocks5 750 /etc/picosocks5',
      'root:picosocks5 640 /etc/picosocks5/picosocks5.ini',
      'picosocks5:picosocks5 750 /var/lib/picosocks5',
      'picosocks5:picosocks5 750 /var/log/picosocks5',
      ...stdout.split('\n').slice(4, 6),
      '# mine',
      '600',
      '/etc/picosocks5:',
      'picosocks5.ini',
      'gone',
    ]);
    assert.match(stdout, /^allowed: connect to 192\.0\.2\.1:1/m);
  });
});
