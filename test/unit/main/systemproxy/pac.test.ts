import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import vm from 'node:vm';
import { makePac, type PacSource } from '#main/systemproxy/pac.js';

const proxy = { host: '127.0.0.1', port: 1080, socks: true, http: true };
const THROUGH = 'PROXY 127.0.0.1:1080; SOCKS5 127.0.0.1:1080; DIRECT';
const none: PacSource = { proxy, bypass: [], via: [], request: [] };

/** Asks a PAC file, in a world that has nothing but what a browser gives it: it looks no name up. */
function pac(source: Partial<PacSource>): (url: string) => string {
  const refuse = () => {
    throw new Error('a PAC file that looks a name up tells the resolver of it');
  };
  const names = ['dnsResolve', 'isResolvable', 'isInNet', 'myIpAddress'];
  const world = vm.createContext(Object.fromEntries(names.map((name) => [name, refuse])));
  vm.runInContext(makePac({ ...none, ...source }), world);
  return (url) => {
    const { hostname } = new URL(url.replace(/^[a-z]+:/, 'http:'));
    const ask = (host: string) => world['FindProxyForURL'](url, host) as string;
    const answer = ask(hostname);
    // Some give the host of an IPv6 address without its brackets.
    assert.equal(ask(hostname.replace(/[[\]]/g, '')), answer);
    return answer;
  };
}

/** Which of some URLs need no proxy. */
function direct(source: Partial<PacSource>, ...urls: string[]): string[] {
  const ask = pac(source);
  return urls.filter((url) => {
    const answer = ask(url);
    assert.ok(answer === 'DIRECT' || answer === THROUGH, answer);
    return answer === 'DIRECT';
  });
}

describe('a PAC file', () => {
  test('leads all through the proxy, and ends in DIRECT', () => {
    assert.equal(pac({})('http://example.com/'), THROUGH);
    const only = (change: Partial<typeof proxy>) =>
      pac({ proxy: { ...proxy, ...change } })('https://example.com/');
    assert.equal(only({ socks: false }), 'PROXY 127.0.0.1:1080; DIRECT');
    assert.equal(only({ http: false }), 'SOCKS5 127.0.0.1:1080; SOCKS 127.0.0.1:1080; DIRECT');
    assert.equal(only({ host: '::1', port: 9 }), 'PROXY [::1]:9; SOCKS5 [::1]:9; DIRECT');
  });

  test('leads nowhere while there is no proxy', () => {
    assert.equal(pac({ proxy: undefined, via: ['office'] })('http://example.com/'), 'DIRECT');
  });

  test('leads past the proxy to what is on the bypass list', () => {
    const bypass = ['localhost', '127.0.0.0/8', '::1', '*.Example.com', 'büro.example', '<local>'];
    const urls = [
      ...['http://localhost:3000/', 'http://LOCALHOST./', 'https://127.9.9.9/', 'http://[::1]:8/'],
      ...['http://[::ffff:127.0.0.1]/', 'ws://a.example.com/', 'http://b.a.example.com/'],
      ...['http://xn--bro-hoa.example/', 'http://intranet/'],
    ];
    assert.deepEqual(direct({ bypass }, ...urls), urls);
    const others = [
      ...['http://example.com/', 'http://notexample.com/', 'http://128.0.0.1/', 'http://[::2]/'],
      ...['http://localhost.example/', 'http://a.büro.example/', 'http://[fe80::127.0.0.1]/'],
    ];
    assert.deepEqual(direct({ bypass }, ...others), []);
    assert.deepEqual(direct({ bypass: ['0.0.0.0/0'] }, 'http://a.example/'), ['http://a.example/']);
  });

  test('networks count to the bit, in both families', () => {
    const bypass = ['172.16.0.0/12', '2001:db8:8000::/33', '[fe80::]/10', '192.0.2.7'];
    const inside = [
      ...['http://172.16.0.0/', 'http://172.31.255.255/', 'http://192.0.2.7/'],
      ...['http://[2001:db8:8000::]/', 'http://[2001:db8:ffff::1]/', 'http://[febf::1]/'],
    ];
    assert.deepEqual(direct({ bypass }, ...inside), inside);
    const outside = [
      ...['http://172.32.0.0/', 'http://172.15.255.255/', 'http://192.0.2.8/'],
      ...['http://[2001:db8:7fff::]/', 'http://[2001:db9:8000::]/', 'http://[fec0::1]/'],
    ];
    assert.deepEqual(direct({ bypass }, ...outside), []);
  });

  test('the first route decides, by name and port', () => {
    const via = ['*.corp.example:8000-8099=direct', '*.corp.example=office', 'direct'];
    const urls = [
      ...['http://a.corp.example:8000/', 'http://a.corp.example:8100/', 'https://a.corp.example/'],
      ...['https://example.com/', 'http://user:80@a.corp.example:8099/?:9'],
    ];
    assert.deepEqual(direct({ via }, ...urls), [urls[0], urls[3], urls[4]]);
    // A port that is not said is that of the scheme.
    const secure = { via: ['*:443=direct'] };
    const schemes = [
      'https://a.example/',
      'wss://a.example/',
      'http://a.example/',
      'ftp://a.example/',
    ];
    assert.deepEqual(direct(secure, ...schemes), schemes.slice(0, 2));
    // One that nobody knows may be any.
    assert.deepEqual(direct(secure, 'gopher://a.example/'), []);
    assert.deepEqual(direct({ via: ['*:443=office', 'direct'] }, 'gopher://a.example/'), []);
  });

  test('blocked and fallback ways are the proxy’s affair', () => {
    const via = ['bad.example=block', 'both.example=office|direct', 'direct'];
    assert.deepEqual(
      direct({ via }, 'http://bad.example/', 'http://both.example/', 'http://good.example/'),
      ['http://good.example/'],
    );
  });

  test('what needs a name’s addresses goes through the proxy, which decides', () => {
    const name = 'http://a.example/';
    const office = ['10.0.0.0/8=office', 'direct'];
    assert.deepEqual(direct({ via: office }, name, 'http://10.1.1.1/', 'http://192.0.2.1/'), [
      'http://192.0.2.1/',
    ]);
    // By whichever of these its addresses are: it is direct.
    assert.deepEqual(direct({ via: ['10.0.0.0/8=direct', 'direct'] }, name), [name]);
    assert.deepEqual(direct({ via: ['10.0.0.0/8=direct', 'office'] }, name), []);
    // A rule about the name comes first.
    assert.deepEqual(direct({ via: ['a.example=direct', ...office] }, name), [name]);
  });

  test('nothing that is denied goes past the proxy', () => {
    const via = ['direct'];
    const urls = ['http://a.bad.example/', 'http://good.example/', 'http://192.0.2.1/'];
    const rest = urls.slice(1);
    assert.deepEqual(direct({ via, request: ['!connect:*.bad.example'] }, ...urls), rest);
    assert.deepEqual(direct({ via, request: ['!all:[2001:db8::1]:80'] }, ...urls), [urls[2]]);
    assert.deepEqual(direct({ via, request: ['!all:*:25'] }, ...urls), urls);
    // Its addresses may be those of any other.
    assert.deepEqual(direct({ via, request: ['! all:a.bad.example'] }, ...urls), []);
    assert.deepEqual(direct({ via, request: ['!connect'] }, ...urls), []);
    assert.deepEqual(direct({ via, request: ['connect:good.example'] }, ...urls), []);
  });

  test('is a script of the oldest kind, whatever is in the rules', () => {
    const bypass = ['bücher.example', 'no such:thing', ''];
    const odd = ['"+alert(1)+"=direct', '</script>=direct', '\u2028=direct', 'a\\b=direct'];
    const script = makePac({ ...none, via: odd, bypass });
    assert.match(script, /^[\n\x20-\x7e]*$/);
    assert.doesNotMatch(script, /\b(const|let|class)\b|=>|`|<\/script/);
    // What cannot be read leads nobody past the proxy.
    assert.deepEqual(direct({ via: odd }, 'http://a.example/'), []);
  });
});
