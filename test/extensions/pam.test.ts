import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Helper, ServerOptions } from 'picosocks5';
import { testSource } from 'picosocks5/testing';
import { EXTENSIONS } from '#build/extensions.js';
import { Command, PICOSOCKS5 } from '../support/command.js';
import { temporaryDirectory } from '../support/files.js';
import { isCI, run } from '../support/programs.js';
import { startServer } from '../support/server.js';
import { login } from '../support/socks.js';

type Settings = NonNullable<ServerOptions['settings']>;

/** Whether Linux-PAM is here, with the modules that the tests use. */
async function missing(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'Linux-PAM is for Linux';
  if (isCI) return undefined;
  try {
    const { load } = await import('koffi');
    load('libpam.so.0').func('int pam_start_confdir()');
  } catch {
    return 'not installed: koffi, or libpam.so.0 of Linux-PAM 1.4 or later (libpam0g)';
  }
  const folders = [`/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`, '/lib64'];
  const hasModules = ['/lib', '/usr/lib', ...folders].some((folder) =>
    ['pam_exec', 'pam_debug', 'pam_faildelay'].every((name) =>
      existsSync(join(folder, 'security', `${name}.so`)),
    ),
  );
  return hasModules ? undefined : 'not installed: pam_exec, pam_debug, pam_faildelay';
}

const skip = await missing();

/** A folder with services of PAM, and with what they were asked, a line each. */
interface Pam {
  readonly folder: string;
  asked(): string[];
  forgetAsked(): void;
}

/** Lets alice, root and b\u00f6b in, and hangs when "hang" asks. */
const CHECK = `#!/bin/sh
IFS= read -r password
printf '%s %s %s\\n' "$PAM_USER" "$PAM_RHOST" "$PAM_TTY" >>"$0.asked"
case $PAM_USER:$password in
  alice:secret | root:secret | 'b\u00f6b:p\u00e4ss w\u00f6rd ') exit 0 ;;
  hang:*) exec sleep 20 ;;
  crash:*) kill -KILL "$PPID" ;;
esac
exit 1
`;

const services = (check: string): Record<string, string> => {
  const exec = `pam_exec.so quiet expose_authtok ${check}`;
  const allowed = 'account required pam_permit.so\n';
  return {
    picosocks5: `auth sufficient ${exec}\nauth required pam_deny.so\n${allowed}`,
    permit: `auth required pam_permit.so\n${allowed}`,
    exec: `auth required ${exec}\n${allowed}`,
    expired: 'auth required pam_permit.so\naccount required pam_debug.so acct=acct_expired\n',
    renew: 'auth required pam_permit.so\naccount required pam_debug.so acct=new_authtok_reqd\n',
    unknown: `auth required pam_debug.so auth=user_unknown\n${allowed}`,
    unavailable: `auth required pam_debug.so auth=authinfo_unavail\n${allowed}`,
    module: `auth required pam_there_is_none.so\n${allowed}`,
    delay: `auth optional pam_faildelay.so delay=800000\nauth required ${exec}\n${allowed}`,
    slow: `auth optional pam_exec.so quiet /bin/sleep 2\nauth required pam_permit.so\n${allowed}`,
    other: 'auth required pam_deny.so\naccount required pam_deny.so\n',
  };
};

function pam(t: TestContext): Pam {
  const folder = join(temporaryDirectory(t), 'pam.d');
  mkdirSync(folder);
  const check = join(folder, '..', 'check.sh');
  writeFileSync(check, CHECK);
  chmodSync(check, 0o755);
  for (const [name, text] of Object.entries(services(check))) {
    writeFileSync(join(folder, name), text);
  }
  const log = `${check}.asked`;
  const forgetAsked = () => writeFileSync(log, '');
  forgetAsked();
  return {
    folder,
    asked: () => readFileSync(log, 'utf8').trim().split('\n').filter(Boolean),
    forgetAsked,
  };
}

async function start(t: TestContext, service: string, { folder }: Pam, settings: Settings = {}) {
  const proxy = await startServer(t, {
    auth: [`pam:${service}`],
    // A busy machine takes its time to start processes.
    settings: { 'pam.confdir': folder, 'pam.timeout': 60, ...settings },
    maxLoginFailures: 0,
  });
  let clients = 0;
  const log = async (user: string, password: string, from = `127.2.0.${++clients}`) => {
    const { status } = await login(t, proxy.port, user, password, from);
    const event = proxy.events.findLast(
      (one) => one.type === 'authenticated' || one.type === 'authentication-failed',
    );
    if (event?.type === 'authenticated' && status === 0) return `${event.user} ${event.group}`;
    return `failed: ${event?.type === 'authentication-failed' ? event.detail : ''}`;
  };
  /** What the operator is told. */
  const told = () =>
    proxy.events.flatMap((event) => ('message' in event ? [event.message] : [])).join('\n');
  return { ...proxy, log, told };
}

/** @throws {Error} if it does not come about in less time than "hang" takes. */
async function until(isDone: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!isDone()) {
    if (performance.now() > deadline) throw new Error('it does not come about');
    await setTimeout(10);
  }
}

/** Whether a process is there, and is not only waited for. */
function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`).length > 0;
  } catch {
    return false;
  }
}

const WRONG = 'failed: wrong user name or password';
const TROUBLE = 'failed: a source of users failed';

describe('--auth pam:', { skip, concurrency: 4 }, () => {
  test('it is a source as one should be', async (t) => {
    const { folder } = pam(t);
    const settings = { 'pam.confdir': folder, 'pam.timeout': 60 };
    await testSource(t, {
      server: { auth: ['pam:'], settings },
      broken: { auth: ['pam:slow'], settings: { ...settings, 'pam.timeout': 0.5 } },
      ...{ user: 'alice', password: 'secret' },
    });
  });

  test('modules are told of the client, and what they say counts', async (t) => {
    const service = pam(t);
    const { log } = await start(t, '', service);
    assert.equal(await log('alice', 'secret', '127.3.4.5'), 'alice undefined');
    assert.equal(await log('b\u00f6b', 'p\u00e4ss w\u00f6rd '), 'b\u00f6b undefined');
    assert.equal(await log('alice', 'wrong'), WRONG);
    assert.equal(await log('alice', 'secret '), WRONG);
    assert.equal(service.asked()[0], 'alice 127.3.4.5 picosocks5');
  });

  test('empty passwords and names that are no names are refused before anybody is asked', async (t) => {
    const service = pam(t);
    const { log } = await start(t, 'permit', service);
    assert.equal(await log('alice', 'anything'), 'alice undefined');
    assert.match(await log('alice', ''), /^failed/);
    for (const name of ['-r', 'a:b', '../alice', 'a\nb', 'a\0b']) {
      assert.equal(await log(name, 'anything'), WRONG, JSON.stringify(name));
    }
    assert.match(await log('alice', 'any\0thing'), /^failed/);
  });

  test('why a user is not let in is for the log alone', async (t) => {
    const service = pam(t);
    for (const [name, reason] of [
      ['expired', /"alice" from 127\.2\.0\.1 is not let in: User account has expired/],
      ['renew', /"alice" from .* is not let in: Authentication token is no longer valid/],
      ['unknown', /"alice" from .* is not let in: User not known to the underlying/],
      ['exec', /"alice" from .* is not let in: System error/],
    ] as const) {
      const { log, told } = await start(t, name, service);
      assert.equal(await log('alice', 'topsecret'), WRONG);
      assert.match(told(), reason);
      assert.doesNotMatch(told(), /topsecret/);
    }
  });

  test('what keeps PAM from an answer is a failure of the source', async (t) => {
    const service = pam(t);
    for (const [name, reason] of [
      ['module', /PAM cannot check passwords: Module is unknown/],
      ['unavailable', /PAM cannot check passwords: Authentication service cannot retrieve/],
    ] as const) {
      const { log, told } = await start(t, name, service);
      assert.equal(await log('alice', 'topsecret'), TROUBLE);
      assert.match(told(), reason);
      assert.doesNotMatch(told(), /topsecret/);
    }
  });

  test('the group is the first of those that count', async (t) => {
    const service = pam(t);
    const settings = { 'pam.groups': ['there-is-none', 'daemon', 'root'] };
    const { log } = await start(t, '', service, settings);
    assert.equal(await log('root', 'secret'), 'root root');
    // A user of the modules that the system does not know.
    assert.equal(await log('alice', 'secret'), 'alice undefined');
  });

  test('a success is remembered as long as said, for the same address', async (t) => {
    const service = pam(t);
    const { log } = await start(t, '', service, { 'pam.cache': 60 });
    const count = async (user: string, password: string, from: string) => {
      service.forgetAsked();
      await log(user, password, from);
      return service.asked().length;
    };
    assert.equal(await count('alice', 'secret', '127.3.0.1'), 1);
    assert.equal(await count('alice', 'secret', '127.3.0.1'), 0);
    assert.equal(await count('alice', 'secret', '127.3.0.2'), 1);
    assert.equal(await count('alice', 'wrong', '127.3.0.1'), 1);
    assert.equal(await count('alice', 'wrong', '127.3.0.1'), 1);
    const uncached = await start(t, '', service);
    await uncached.log('alice', 'secret', '127.3.0.1');
    service.forgetAsked();
    await uncached.log('alice', 'secret', '127.3.0.1');
    assert.equal(service.asked().length, 1);
  });

  test('a process that hangs or dies is replaced, and holds nothing up', async (t) => {
    const settings = { 'pam.timeout': 4, 'pam.processes': 1 };
    const { log, told } = await start(t, 'exec', pam(t), settings);
    assert.equal(await log('alice', 'secret'), 'alice undefined');
    assert.equal(await log('hang', 'secret'), TROUBLE);
    assert.match(told(), /it took too long/);
    assert.equal(await log('alice', 'secret'), 'alice undefined');
    assert.equal(await log('crash', 'secret'), TROUBLE);
    assert.match(told(), /it ended with SIGKILL/);
    assert.equal(await log('alice', 'secret'), 'alice undefined');
  });

  test('the delay that modules want for failures keeps no process from others', async (t) => {
    const { log } = await start(t, 'delay', pam(t), { 'pam.processes': 1 });
    assert.equal(await log('alice', 'secret'), 'alice undefined');
    const order: string[] = [];
    // If each kept the process for as long, the right one would come after all of them.
    const began = performance.now();
    const wrong = Array.from({ length: 4 }, async () => {
      await log('alice', 'wrong');
      order.push('wrong');
      // Linux-PAM makes it up to a half shorter or longer.
      assert.ok(performance.now() - began > 350);
    });
    const right = log('alice', 'secret').then(() => order.push('right'));
    await Promise.all([...wrong, right]);
    assert.notEqual(order.at(-1), 'right');
  });

  test('a process that hangs ends with the server, however that ends', async (t) => {
    const service = pam(t);
    const set = ['--set', `pam.confdir=${service.folder}`];
    const command = new Command(t, ['-a', 'pam:exec', ...set, '127.0.0.1:0']);
    const lost = login(t, await command.port(), 'hang', 'secret').catch(() => 'lost');
    await until(() => service.asked().length > 0);
    const [pid] = command.children();
    assert.ok(pid !== undefined && isRunning(pid));
    command.child.kill('SIGKILL');
    assert.equal(await lost, 'lost');
    await until(() => !isRunning(pid));
  });

  test('a service that there is not is warned of, or an error', async (t) => {
    const service = pam(t);
    const { log, event } = await start(t, 'typo', service);
    const { message } = await event('warning');
    assert.match(
      message,
      /PAM has no service "typo", which is the file .*pam\.d\/typo: its service/,
    );
    assert.equal(await log('alice', 'secret'), WRONG);
    await assert.rejects(
      start(t, 'typo', { ...service, folder: join(service.folder, '..') }),
      (error: Error) =>
        error.name === 'UserError' &&
        /PAM cannot use \/.*\/typo: there is no such file$/.test(error.message),
    );
    await assert.rejects(
      start(t, '../passwd', service),
      /"\.\.\/passwd" is no service of PAM; exp/,
    );
  });
});

for (const [what, hook, message] of [
  [
    'library',
    'withoutlibraries',
    /libpam\.so\.0 cannot be used .*Failed to load.*package libpam0g of Debian/,
  ],
  [
    'package koffi',
    'withoutkoffi',
    /koffi, .*is not installed \("npm install koffi" beside picosocks5\)/,
  ],
] as const) {
  test(`without the ${what} the server does not start, and says which it needs`, async (t) => {
    const imported = new URL(`../support/${hook}.js`, import.meta.url).href;
    const { status, stderr } = await run(
      t,
      process.execPath,
      [PICOSOCKS5, '-a', 'pam:', '127.0.0.1:0'],
      {
        env: { ...process.env, NODE_OPTIONS: `--disable-warning=DEP0205 --import=${imported}` },
      },
    );
    assert.notEqual(status, 0);
    assert.match(stderr, message);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  });
}

test('so many logins wait for a process, and only so long', async () => {
  const url = pathToFileURL(join(EXTENSIONS, 'pam/dist/pool.js')).href;
  const { Pool } = (await import(url)) as typeof import('../../core/extensions/pam/dist/pool.js');
  const answers: ((answer: unknown) => void)[] = [];
  let started = 0;
  const helper: Helper = {
    ask: () => new Promise((resolve) => answers.push(resolve)),
    dispose() {},
  };
  const start = () => {
    started++;
    return helper;
  };
  const question = { service: 'x', confdir: undefined, login: undefined };
  const pool = new Pool(start, 2, 200);
  const asked = Array.from({ length: 202 }, () => pool.ask(question));
  const settled = Promise.allSettled(asked);
  await assert.rejects(pool.ask(question), /200 logins wait for PAM already/);
  const stopped = new AbortController();
  const [first] = answers;
  first?.('yes');
  assert.equal(await asked[0], 'yes');
  const late = pool.ask(question, stopped.signal);
  stopped.abort();
  await assert.rejects(late, /were busy too long/);
  await Promise.allSettled(asked.slice(3));
  for (const answer of answers) answer('yes');
  const states = await settled;
  assert.deepEqual([started, states.filter(({ status }) => status === 'fulfilled').length], [2, 3]);
  pool.close();
  await assert.rejects(pool.ask(question), /busy too long|ended/);
});
