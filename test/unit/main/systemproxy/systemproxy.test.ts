import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import { UserError } from 'picosocks5';
import type { ServerStatus, SettingChange, SettingValues } from '#main/ipc/contract.js';
import { DEFAULTS } from '#main/settings/values.js';
import type { Backend, Values, WantedProxy } from '#main/systemproxy/backend.js';
import { KEPT_FILE } from '#main/systemproxy/kept.js';
import { PacServer } from '#main/systemproxy/pacserver.js';
import { SystemProxy, type SystemProxyNews } from '#main/systemproxy/systemproxy.js';
import { temporaryDirectory } from '../../../support/files.js';

const BEFORE: Values = { mode: 'none', url: null, host: null };

/** A system with some settings, which does what it is told, unless it is told not to. */
class FakeSystem implements Backend {
  readonly id = 'gnome';
  values: Values = { ...BEFORE };
  isLocked = false;
  /** Thrown by the next write. */
  fault: Error | undefined;

  async read() {
    return this.values;
  }

  wanted(proxy: WantedProxy): Values {
    if (proxy.kind === 'pac') return { url: proxy.url, mode: 'pac' };
    return { host: `${proxy.host}:${proxy.port} ${proxy.bypass}`, mode: 'fixed' };
  }

  async write(values: Values) {
    const { fault } = this;
    this.fault = undefined;
    if (this.isLocked) return;
    const [first, ...others] = Object.entries(values);
    if (first !== undefined) this.values = { ...this.values, [first[0]]: first[1] };
    if (fault !== undefined) throw fault;
    this.values = { ...this.values, ...Object.fromEntries(others) };
  }
}

type Status = Pick<ServerStatus, 'state' | 'endpoints' | 'authentication' | 'http'>;

const RUNNING: Status = {
  state: 'running',
  endpoints: [{ host: '127.0.0.1', port: 1080, place: 'this computer' }],
  authentication: false,
  http: true,
};

/** An app with a system proxy: what is set reaches it as it does in the app. */
function app(t: TestContext, system: FakeSystem, folder = temporaryDirectory(t)) {
  const news: SystemProxyNews[] = [];
  let values: SettingValues = DEFAULTS;
  const server: { status: Status } = { status: RUNNING };
  const settings = {
    get values() {
      return values;
    },
    set({ key, value }: SettingChange) {
      values = { ...values, [key]: value };
      void proxy.update();
    },
  };
  const proxy: SystemProxy = new SystemProxy({
    settings,
    server,
    folder,
    backend: async () => system,
    backendOf: async () => system,
    tell: (one) => news.push(one),
  });
  t.after(() => proxy.close());
  const change = async (status: Partial<Status>) => {
    server.status = { ...server.status, ...status };
    await proxy.update();
  };
  const set = async (key: SettingChange['key'], value: SettingChange['value']) => {
    settings.set({ key, value });
    await proxy.update();
  };
  const kept = join(folder, KEPT_FILE);
  return { proxy, news, change, set, kept, folder };
}

/** Asks for a file. */
async function get(url: string | URL, options: RequestOptions = {}) {
  const request = httpRequest(url, { agent: false, ...options }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

const phaseOf = ({ proxy }: { readonly proxy: SystemProxy }) => proxy.state.phase;

describe('the system proxy', () => {
  test('is on while it is wanted and the server runs', async (t) => {
    const system = new FakeSystem();
    const its = app(t, system);
    await its.proxy.update();
    assert.deepEqual(its.proxy.state, { wanted: false, phase: 'off' });
    await its.set('systemProxy', true);
    assert.deepEqual(its.proxy.state, { wanted: true, phase: 'on' });
    assert.equal(system.values['mode'], 'pac');
    const { before } = JSON.parse(readFileSync(its.kept, 'utf8'));
    assert.deepEqual(before, BEFORE);

    for (const state of ['stopping', 'stopped', 'starting', 'error'] as const) {
      await its.change({ state });
      assert.equal(phaseOf(its), 'waiting');
      assert.deepEqual(system.values, BEFORE);
      assert.ok(!existsSync(its.kept));
    }
    await its.change({ state: 'running' });
    assert.equal(system.values['mode'], 'pac');
    await its.proxy.close();
    assert.deepEqual(system.values, BEFORE);
    assert.equal(its.proxy.state.wanted, true);
    assert.deepEqual(its.news, []);
  });

  test('follows the server, its users and the rules', async (t) => {
    const system = new FakeSystem();
    const its = app(t, system);
    await its.set('systemProxy', true);
    const first = system.values['url'] ?? '';
    const script = async () => (await get(system.values['url'] ?? '')).body;
    assert.match(await script(), /THROUGH = "PROXY 127.0.0.1:1080; SOCKS5 127.0.0.1:1080; DIRECT"/);
    // Programs have to read the file again: its address is another one, at the same place.
    await its.set('via', ['*.corp.example=direct']);
    assert.notEqual(system.values['url'], first);
    assert.equal(system.values['url']?.split('?')[0], first.split('?')[0]);
    assert.match(await script(), /\.corp\.example/);
    await its.change({ authentication: true });
    assert.match(await script(), /THROUGH = "PROXY 127.0.0.1:1080; DIRECT"/);
    // Nobody can log in by SOCKS.
    await its.change({ http: false });
    assert.equal(phaseOf(its), 'login');
    assert.deepEqual(its.news, [{ what: 'login' }]);
    assert.deepEqual(system.values, BEFORE);
    await its.change({ authentication: false });
    assert.match(await script(), /"SOCKS5 127.0.0.1:1080; SOCKS 127.0.0.1:1080; DIRECT"/);
    // The local network's listener is not for this computer.
    const lan = { host: '192.0.2.7', port: 1081, place: 'eth0', lan: true } as const;
    await its.change({ endpoints: [lan] });
    assert.equal(phaseOf(its), 'waiting');

    await its.change({ endpoints: [...RUNNING.endpoints, lan] });
    await its.set('systemProxyKind', 'fixed');
    assert.deepEqual(system.values, {
      ...{ mode: 'fixed', url: null, host: '127.0.0.1:1080 localhost,127.0.0.0/8,::1' },
    });
    await its.set('systemProxyBypass', ['a.example']);
    assert.equal(system.values['host'], '127.0.0.1:1080 a.example');
    await its.set('systemProxy', false);
    assert.deepEqual(system.values, BEFORE);
    assert.equal(phaseOf(its), 'off');
  });

  test('leaves alone what something else has changed, and says so once', async (t) => {
    const system = new FakeSystem();
    const its = app(t, system);
    await its.set('systemProxy', true);
    await its.proxy.look();
    assert.equal(phaseOf(its), 'on');
    system.values = { ...system.values, mode: 'theirs' };
    await its.proxy.look();
    await its.proxy.update();
    assert.deepEqual(its.proxy.state, { wanted: false, phase: 'changed' });
    assert.deepEqual(system.values, { ...BEFORE, mode: 'theirs' });
    assert.deepEqual(its.news, [{ what: 'changed' }]);
    await its.proxy.look();
    assert.equal(its.news.length, 1);
    // It is taken when the user says so, and is theirs again afterwards.
    await its.set('systemProxy', true);
    assert.equal(system.values['mode'], 'pac');
    await its.set('systemProxy', false);
    assert.deepEqual(system.values, { ...BEFORE, mode: 'theirs' });
    assert.equal(phaseOf(its), 'off');
  });

  test('what cannot be changed is as it was, and the switch is off', async (t) => {
    const system = new FakeSystem();
    const its = app(t, system);
    system.fault = new UserError('half of it is not to be');
    await its.set('systemProxy', true);
    await its.proxy.update();
    const problem = 'half of it is not to be';
    assert.deepEqual(its.proxy.state, { wanted: false, phase: 'failed', problem });
    assert.deepEqual(its.news, [{ what: 'failed', problem }]);
    assert.deepEqual(system.values, BEFORE);
    assert.ok(!existsSync(its.kept));
    system.isLocked = true;
    await its.set('systemProxy', true);
    assert.match(its.proxy.state.problem ?? '', /does not let its proxy settings be changed/);
  });

  test('what a run has left is given back by the next one', async (t) => {
    const system = new FakeSystem();
    const first = app(t, system);
    await first.set('systemProxy', true);
    const { url } = system.values;
    const next = app(t, system, first.folder);
    await next.proxy.start();
    assert.deepEqual(system.values, BEFORE);
    assert.deepEqual(next.news, [{ what: 'recovered' }]);
    assert.ok(!existsSync(next.kept));
    await next.proxy.start();
    assert.equal(next.news.length, 1);
    assert.ok(url?.includes('/proxy.pac?'));
  });

  test('as long as that does not go, nothing else is kept in its place', async (t) => {
    const system = new FakeSystem();
    const first = app(t, system);
    await first.set('systemProxy', true);
    const next = app(t, system, first.folder);
    system.fault = new UserError('not now');
    await next.proxy.start();
    assert.equal(phaseOf(next), 'failed');
    assert.ok(existsSync(next.kept));
    // The switch gives back first.
    await next.set('systemProxy', true);
    assert.deepEqual(system.values, BEFORE);
    await next.set('systemProxy', true);
    assert.equal(system.values['mode'], 'pac');
    assert.deepEqual(JSON.parse(readFileSync(next.kept, 'utf8')).before, BEFORE);
  });
});

describe('the PAC file', () => {
  test('is at the same place after a restart, for nobody who does not know it', async (t) => {
    const file = join(temporaryDirectory(t), 'pac.json');
    const first = new PacServer(file, () => 'one');
    const url = await first.start();
    assert.equal(await first.start(), url);
    first.dispose();
    await assert.rejects(get(url));
    const second = new PacServer(file, () => 'two');
    t.after(() => second.dispose());
    assert.equal(await second.start(), url);
    const answer = await get(`${url}?x`);
    assert.equal(answer.body, 'two');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.equal((await get(new URL('/proxy.pac', url))).status, 404);
    assert.equal((await get(url, { method: 'POST' })).status, 405);
    // Not by another name for this computer, such as a page's own that leads here.
    assert.equal((await get(url, { headers: { host: 'pac.example' } })).status, 404);

    // Where its place is taken, it has another one.
    const third = new PacServer(file, () => 'three');
    t.after(() => third.dispose());
    const other = await third.start();
    assert.notEqual(other, url);
    assert.equal((await get(other)).body, 'three');
  });
});
