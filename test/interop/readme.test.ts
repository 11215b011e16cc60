import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pack, ROOT, unlessNpm } from '../support/npm.js';
import { has, unless } from '../support/programs.js';
import { blocks, commandsOf, inline, programs } from '../support/readme.js';
import { Cleanups } from '../support/scope.js';
import { type Running, Stage, unlessStage } from '../support/stage.js';

const SITE = join(import.meta.dirname, '../support/site.js');
const LOGIN = join(import.meta.dirname, '../support/browserlogin.js');
/** This machine, as others see it, and where example.com is. */
const HOSTS = { '192.0.2.1': 'this-host', '192.0.2.80': 'example.com' };
const HELLO = 'hello from example.com';

const scripts: Record<string, string> = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
).scripts;

/** The block of README.md that begins like this; each is asked for once. */
const asked = new Set<string>();
function block(beginning: string): string {
  const found = blocks.filter((one) => one.startsWith(beginning) && !asked.has(one));
  assert.ok(found[0] !== undefined, `README.md has no block that begins with: ${beginning}`);
  asked.add(found[0]);
  return found[0];
}

function program(name: string): string {
  const how = programs.get(name);
  assert.ok(how !== undefined, `README.md does not say how ${name} does it`);
  return /`([^`]*)`[^`]*$/.exec(how)?.[1] ?? '';
}

const skip = unlessNpm ?? unlessStage() ?? unless('openssl', 'curl', 'useradd', 'setpriv');
describe('README.md', { skip, timeout: 180_000 }, () => {
  const scope = new Cleanups({ after });
  let stage: Stage;
  let home: string;
  let server: Running;
  /** How Chromium runs alone, and without a window. */
  let quiet: readonly string[];

  /** Starts a server, which logs, in place of the last one. */
  async function serve(command: string, cwd = home): Promise<void> {
    await server?.stop();
    server = stage.start(command, cwd);
    await server.says(/listening.*:1080/);
  }

  async function succeeds(script: string, input = ''): Promise<string> {
    const { status, stdout, stderr } = await stage.sh(script, { input });
    assert.equal(status, 0, `${script}\n${stdout}${stderr}`);
    return stdout;
  }

  before(async () => {
    stage = await Stage.open(scope, HOSTS);
    home = stage.env['HOME'] as string;
    quiet = [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      ...['--disable-component-update', '--no-first-run', `--user-data-dir=${home}/chromium`],
    ];
    const [key, certificate] = [join(stage.folder, 'key'), join(stage.folder, 'certificate')];
    const request = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=example.com'];
    const names = ['-addext', 'subjectAltName=DNS:example.com'];
    const files = ['-keyout', key, '-out', certificate];
    await succeeds(`openssl req ${[...request, ...names, ...files].join(' ')}`);
    const root = join(stage.folder, 'site');
    mkdirSync(join(root, 'npm'), { recursive: true });
    writeFileSync(join(root, 'index'), HELLO);
    mkdirSync(join(root, 'apt'));
    writeFileSync(join(root, 'apt/Packages'), '');
    const { dependencies } = readPackage(join(ROOT, 'core'));
    for (const name of Object.keys(dependencies ?? {})) {
      const tarball = await pack(scope, name, join(root, 'npm'));
      const dist = { tarball: `http://example.com${tarball.slice(root.length)}` };
      const manifest = readPackage(join(ROOT, 'node_modules', name));
      const { version } = manifest;
      const versions = { [version]: { ...manifest, dist } };
      const packument = { name, 'dist-tags': { latest: version }, versions };
      writeFileSync(join(root, 'npm', name), JSON.stringify(packument));
    }
    Object.assign(stage.env, {
      CURL_CA_BUNDLE: certificate,
      SOCKS_AUTOADD_LANROUTES: 'no', // Here example.com is on this machine.
      GIT_SSL_CAINFO: certificate,
      npm_config_registry: 'http://example.com/npm/',
      npm_config_prefix: stage.folder,
      npm_config_cache: join(stage.folder, 'cache'),
      npm_config_update_notifier: 'false',
    });
    // What `npm ci` installs is there: these tests run with it.
    stage.program('npm', `[ "$1" = ci ] || PATH=$(echo "$PATH" | cut -d: -f2-) exec npm "$@"`);
    stage.program('sudo', 'exec "$@"');
    const site = stage.start(
      `exec ${process.execPath} ${SITE} 192.0.2.80 ${key} ${certificate} ${root}`,
    );
    await site.says(/ready/);
  });

  test('run it, and send curl through it', async () => {
    await serve(block('npm ci && npm run serve'), ROOT);
    assert.equal(await succeeds(block('curl -x ')), HELLO);
    await server.says(/closed .*destination=example.com:443 .*down=[1-9]/);
  });

  test('install it', async () => {
    const tarballs = () => readdirSync(ROOT).filter((name) => name.endsWith('.tgz'));
    const others = new Set(tarballs());
    try {
      const { status, stderr } = await stage.sh(block('npm ci\n'), { cwd: ROOT });
      assert.equal(status, 0, stderr);
    } finally {
      for (const name of tarballs()) if (!others.has(name)) rmSync(join(ROOT, name));
    }
    assert.match(await succeeds('picosocks5 --version'), /^picosocks5 \d/);
    await serve('picosocks5');
  });

  test('each program of the table', async (t) => {
    const through = async (port: number) => {
      await server.says(new RegExp(`closed .*destination=example.com:${port} .*down=[1-9]`));
      await serve('picosocks5');
    };
    const curl = program('curl').replace('URL', 'https://example.com/');
    assert.equal(await succeeds(curl), HELLO);
    await through(443);
    assert.equal(await succeeds(`${program('many others')}; curl https://example.com/`), HELLO);
    await through(443);

    await t.test('git', { skip: unless('git') }, async () => {
      const bare = join(stage.folder, 'site/repository');
      await succeeds(`git init -q --bare ${bare} && git -C ${bare} update-server-info`);
      await succeeds(program('git over HTTPS'));
      await succeeds('git ls-remote https://example.com/repository');
      await through(443);
    });

    const sshd = unless('ssh', 'ssh-keygen', 'ncat', '/usr/sbin/sshd');
    await t.test('ssh', { skip: sshd }, async () => {
      const [hostKey, key, config] = ['host', 'key', 'config'].map((name) => join(home, name));
      for (const file of [hostKey, key]) await succeeds(`ssh-keygen -qt ed25519 -N "" -f ${file}`);
      const options = ['StrictModes=no', 'UsePAM=no', `AuthorizedKeysFile=${key}.pub`];
      const more = options.map((option) => `-o ${option}`).join(' ');
      const daemon = `/usr/sbin/sshd -De -f /dev/null -h ${hostKey} ${more}`;
      mkdirSync('/run/sshd', { recursive: true });
      const listening = stage.start(`exec ${daemon} -o ListenAddress=192.0.2.80:22`);
      await listening.says(/listening on/);
      const lines = ['StrictHostKeyChecking no', `IdentityFile ${key}`, 'BatchMode yes'];
      writeFileSync(config as string, `${[...lines, program('ssh, git over SSH')].join('\n')}\n`);
      const known = `-o UserKnownHostsFile=${home}/known`;
      assert.equal(
        await succeeds(`ssh -F ${config} ${known} root@example.com echo $((6*7))`),
        '42\n',
      );
      await through(22);
    });

    await t.test('Chromium', { skip: unless('chromium') }, async () => {
      assert.match(await page(program('Chromium, Chrome')), new RegExp(HELLO));
      await through(80);
    });

    await t.test('wget', { skip: unless('wget') }, async () => {
      const wget = 'wget --ca-certificate="$CURL_CA_BUNDLE" -qO-';
      const urls = 'http://example.com/ https://example.com/';
      const got = await succeeds(`${program('wget and others')}; ${wget} ${urls}`);
      assert.equal(got, HELLO.repeat(2));
      for (const port of [80, 443]) {
        await server.says(
          new RegExp(`dialect=http .*destination=example.com:${port} .*down=[1-9]`),
        );
      }
      await serve('picosocks5');
    });

    await t.test('npm', async () => {
      await succeeds(`${program('npm')} && npm view bcryptjs version --prefer-online`);
      await through(80);
      await succeeds('npm config delete proxy https-proxy');
    });

    await t.test('apt', { skip: unless('apt-get') }, async () => {
      const etc = '/etc/apt/sources.list';
      const only = `rm -rf ${etc}.d/* && echo "deb [trusted=yes] http://example.com/apt ./" > ${etc}`;
      const folders =
        'mkdir -p /var/lib/apt/lists/partial /var/lib/dpkg && touch /var/lib/dpkg/status';
      const settings = `echo 'APT::Sandbox::User ""; Dir::Cache "${home}";' > /etc/apt/apt.conf.d/99test`;
      await succeeds(`${only} && ${folders} && ${settings} && mkdir -p ${home}/archives/partial`);
      assert.match(await succeeds(program('apt')), /^Get:.* http:\/\/example\.com\/apt /m);
      await through(80);
    });
    assert.deepEqual(
      [...programs.keys()],
      [
        ...['curl', 'many others', 'git over HTTPS', 'ssh, git over SSH', 'Chromium, Chrome'],
        ...['Firefox', 'wget and others', 'npm', 'apt', 'Windows'],
      ],
      'Firefox and Windows are told by clicks, the others have been tried',
    );
  });

  /** A page of example.com, as Chromium shows it. */
  function page(command: string): Promise<string> {
    const args = [...quiet, '--virtual-time-budget=10000', '--dump-dom'];
    return succeeds(`${command} ${args.join(' ')} http://example.com/`);
  }

  /** The same, with name and password where Chromium asks for them. */
  function pageWithLogin(command: string): Promise<string> {
    const browser = `${command} ${quiet.join(' ')}`;
    const who = 'alice PASSWORD';
    return succeeds(`${process.execPath} ${LOGIN} http://example.com/ ${who} '${browser}'`);
  }

  test('any other program', async (t) => {
    await t.test('proxychains', { skip: unless('proxychains4') }, async () => {
      assert.match(await succeeds(block('mkdir -p ~/.proxychains')), new RegExp(HELLO));
      // It looks names up in /etc/hosts before it leaves them to the proxy.
      await server.says(/closed .*destination=192.0.2.80:80 .*down=[1-9]/);
    });
    await t.test('socksify', { skip: unless('socksify') }, async () => {
      await serve('picosocks5');
      assert.match(await succeeds(block('cat > ~/socks.conf')), new RegExp(HELLO));
      await server.says(/closed .*destination=192.0.2.80:80 .*down=[1-9]/);
    });
  });

  test('serve others', async () => {
    const [user = '', serveOthers = ''] = commandsOf(block('picosocks5 user'));
    await succeeds(user, 'PASSWORD\nPASSWORD\n');
    await serve(serveOthers);
    const url = /alice:PASSWORD@this-host:1080/.exec(serveOthers)?.[0];
    assert.equal(await succeeds(`curl -sS -x socks5h://${url} https://example.com/`), HELLO);
    const refused = await stage.sh('curl -sS -x socks5h://this-host:1080 https://example.com/');
    assert.equal(refused.status, 97);
    const alone = await stage.sh('picosocks5 "*:1081"');
    assert.equal(alone.status, 1);
    assert.match(alone.stderr, /--anonymous/);
  });

  test('encrypt the way to it', async () => {
    const [command = ''] = commandsOf(block('picosocks5 -a users.txt --tls-cert'));
    await succeeds(`cp ${stage.folder}/certificate cert.pem && cp ${stage.folder}/key key.pem`);
    const secure = stage.start(command, home);
    await secure.says(/listening address=tls:\/\/.*:1443/);
    const trust = '-CAfile cert.pem -verify_return_error -verify_hostname example.com';
    const client = `openssl s_client -connect this-host:1443 ${trust} -brief </dev/null`;
    const { status, stderr } = await stage.sh(client);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /Protocol version: TLSv1\.[23]/);
    await secure.stop();
  });

  test('a browser where users exist', { skip: unless('chromium') }, async () => {
    const page = await pageWithLogin(block('chromium ').trim());
    assert.match(page, new RegExp(`${HELLO}[^]*^asked 1$`, 'm'));
    await server.says(/user=alice dialect=http .*destination=example.com:80 .*down=[1-9]/);
  });

  test('leave through other proxies', async () => {
    writeFileSync(join(home, 'ways.ini'), block('via = *.ads'));
    writeFileSync(join(home, 'corp.secret'), 'secret\n', { mode: 0o600 });
    for (const [host, expected] of [
      ['www.ads.example:443', /^refused: .*: via "\*\.ads\.example = block"/],
      ['10.1.2.3:80', /^allowed: .*\n {2}by direct: /],
      ['www.corp.example:443', /^allowed: .*\n {2}by corp\|backup: /],
      ['www.corp.example:80', /^allowed: .*\n {2}by socks5:\/\/192\.0\.2\.1:1080: /],
    ] as const) {
      const { stdout, stderr } = await stage.sh(`picosocks5 check -c ways.ini - connect ${host}`);
      assert.match(stdout, expected);
      assert.equal(stderr, '');
    }
  });

  test('say what is allowed', async () => {
    const [allowed = '', check = ''] = commandsOf(block('picosocks5 -a users.txt --request'));
    await serve(allowed);
    const curl = 'curl -sS -x socks5h://alice:PASSWORD@127.0.0.1:1080';
    assert.equal(await succeeds(`${curl} https://example.com/`), HELLO);
    const { status, stdout } = await stage.sh(check);
    assert.equal(status, 1);
    assert.match(stdout, /refused|denied/i);
  });

  test('a configuration file, and a service', async () => {
    const settings = block('listen = ');
    writeFileSync(join(home, 'picosocks5.ini'), settings);
    await succeeds(/made by: (.*)/.exec(settings)?.[1] as string, 'secret\nsecret\n');
    for (const command of commandsOf(block('sudo useradd'))) await succeeds(command);
    assert.ok(inline.includes('picosocks5 -c picosocks5.ini'));
    await server.stop();
    await serve('picosocks5 -c picosocks5.ini');
    const curl = 'curl -sS -x socks5h://alice:PASSWORD@127.0.0.1:1080 https://example.com/';
    assert.equal(await succeeds(curl), HELLO);

    // What root has written, the server's own user could not read.
    await server.stop();
    await succeeds('rm /var/lib/picosocks5/*');
    const command = inline.find((code) => code.startsWith('picosocks5 -u '));
    await serve(command as string);
    assert.equal(await succeeds(curl), HELLO);
    server.signal('SIGHUP');
    await server.says(/reloaded/);
    assert.doesNotMatch(server.output, / (err|warn) /);
  });

  test('several ways in', async () => {
    writeFileSync(join(home, 'ways.ini'), block('auth = users.txt\n'));
    assert.ok(inline.includes('picosocks5 -c ways.ini'));
    await server.stop();
    await serve('picosocks5 -c ways.ini');
    const curl = (proxy: string) => `curl -sS -x socks5h://${proxy} https://example.com/`;
    assert.equal(await succeeds(curl('127.0.0.1:1080')), HELLO);
    assert.equal(await succeeds(curl('alice:PASSWORD@this-host:1081')), HELLO);
    const [withoutLogin, elsewhere] = [97, 7];
    assert.equal((await stage.sh(curl('this-host:1081'))).status, withoutLogin);
    assert.equal((await stage.sh(curl('this-host:1080'))).status, elsewhere);
    const check = inline.find((code) => code.startsWith('picosocks5 check -c ways.ini')) as string;
    const refused = await stage.sh(check);
    assert.equal(refused.status, 1, refused.stderr);
    assert.match(refused.stdout, /^refused: .*by listener lan/);
    assert.equal((await stage.sh(check.replace(' lan ', ' local '))).status, 0);
  });

  test('a unit of systemd', async () => {
    const unit = block('[Unit]');
    const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] as string;
    const setpriv = `setpriv --reuid=${value('User')} --regid=${value('User')} --clear-groups`;
    await serve(`exec ${setpriv} ${value('ExecStart')}`);
    const curl = 'curl -sS -x socks5h://alice:PASSWORD@127.0.0.1:1080 https://example.com/';
    assert.equal(await succeeds(curl), HELLO);
    await succeeds(value('ExecReload').replace('$MAINPID', '$(pgrep -nu picosocks5)'));
    await server.says(/reloaded/);
    assert.doesNotMatch(server.output, / (err|warn) /);
    if (!has('systemd-analyze')) return;
    writeFileSync(join(home, 'picosocks5.service'), unit);
    const { stderr } = await stage.sh('systemd-analyze verify ./picosocks5.service');
    assert.doesNotMatch(stderr, /picosocks5.service/);
  });

  test('the log, rotated', { skip: unless('logrotate', 'pkill') }, async () => {
    const rotate = join(home, 'rotate');
    writeFileSync(rotate, block('/var/log/picosocks5/log'), { mode: 0o644 });
    const setting = inline.find((code) => code.startsWith('log-file ='));
    await server.stop();
    const log = setting?.split(' ').at(-1);
    // In front of the sections.
    await succeeds(`sed -i "1i ${setting}" /etc/picosocks5/picosocks5.ini`);
    const quiet = stage.start('exec picosocks5 -u picosocks5 -c /etc/picosocks5/picosocks5.ini');
    const line = (text: string) => succeeds(`until grep ${text} ${log}; do sleep 0.1; done`);
    await line('listening');
    await succeeds(`logrotate --force --state ${home}/state ${rotate}`);
    const curl = 'curl -sS -x socks5h://alice:PASSWORD@127.0.0.1:1080 https://example.com/';
    assert.equal(await succeeds(curl), HELLO);
    assert.match(await line('closed'), /destination=example.com:443/);
    assert.match(await succeeds(`cat ${log}.1`), /listening/);
    assert.doesNotMatch(await succeeds(`cat ${log}.1`), /closed/);
    await quiet.stop();
  });

  test('all blocks have been run, and all scripts are there', () => {
    const elsewhere = ['npm ci && npm test\n', 'npm ci && npm run desktop\n', 'cd core && npm '];
    const left = blocks.filter(
      (one) => !asked.has(one) && !elsewhere.some((beginning) => one.startsWith(beginning)),
    );
    const drawing = left.filter((one) => !one.includes('the destination'));
    assert.deepEqual(drawing, []);
    for (const code of [...inline, ...blocks]) {
      for (const [, name = ''] of code.matchAll(/npm run ([\w:]+)/g)) {
        assert.ok(name in scripts, `npm run ${name}`);
      }
    }
  });
});

/** The package.json of a folder. */
function readPackage(folder: string) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** The tables of core/benchmarks/README.md: of each row, the numbers by their columns. */
function measured(): Map<string, Map<string, number>>[] {
  const page = readFileSync(join(ROOT, 'core/benchmarks/README.md'), 'utf8');
  const cells = (line: string) => line.split('|').slice(1, -1);
  return page.split(/^(?=\| {2}\| )/m).flatMap((part) => {
    const [head = '', , ...lines] = part.split('\n');
    if (!head.startsWith('|  |')) return [];
    const columns = cells(head).map((cell) => cell.trim());
    const rows = lines.filter((line) => line.startsWith('|')).map(cells);
    return new Map(
      rows.map(([name = '', ...values]) => [
        name.trim(),
        new Map(values.map((cell, i) => [columns[i + 1] ?? '', numberIn(cell)])),
      ]),
    );
  });
}

function numberIn(cell: string): number {
  return Number.parseFloat(cell.replaceAll(',', ''));
}

test('what README.md says of speed is what has been measured', () => {
  const tables = measured();
  assert.ok(tables.length > 0);
  for (const table of tables) {
    const ahead = (row: string, own: string, others: readonly string[]) => {
      const values = [...table].find(([name]) => name.startsWith(row))?.[1];
      for (const other of others.filter((one) => values?.has(one))) {
        const [mine = 0, theirs = 0] = [values?.get(own), values?.get(other)];
        assert.ok(mine > theirs, `${row}: ${own} ${mine}, ${other} ${theirs}`);
      }
    };
    const [quiet, usual] = ['PicoSOCKS5', 'PicoSOCKS5, access log'];
    const others = ['Dante', 'microsocks', 'ssh -D'];
    for (const row of ['down, 1 flow', 'down, 8 flows', 'up, 1 flow', 'up, 8 flows']) {
      ahead(`throughput ${row}`, usual, others);
    }
    ahead('connections, 1/s', usual, ['Dante']);
    ahead('connections, 1/s', quiet, others);
  }
});
