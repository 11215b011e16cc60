import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from 'picosocks5';
import type { Backend, WantedProxy } from '#main/systemproxy/backend.js';
import { parseBypass, windowsBypass } from '#main/systemproxy/bypass.js';
import { chooseBackend } from '#main/systemproxy/choose.js';
import { giveBack, pick } from '#main/systemproxy/kept.js';
import type { Runner } from '#main/systemproxy/runner.js';
import { Programs } from '../../../support/systemproxy.js';

const url = 'http://127.0.0.1:4711/0123/proxy.pac?1';
const pac: WantedProxy = { kind: 'pac', url };
const bypass = ['localhost', '127.0.0.0/8', '*.example.com'];
const fixed: WantedProxy = {
  ...{ kind: 'fixed', host: '127.0.0.1', port: 1080, socks: true, http: true, bypass },
};

/** Has a system use a proxy. @returns the commands that it took, and what gives back what was there. */
async function use(backend: Backend, programs: Programs, proxy: WantedProxy) {
  const before = await backend.read();
  const values = backend.wanted(proxy, before);
  programs.commands.length = 0;
  await backend.write(values);
  const commands = [...programs.changes];
  const ours = pick(await backend.read(), Object.keys(values));
  const back = async () => {
    programs.commands.length = 0;
    const isAll = await giveBack(backend, { backend: backend.id, before, ours });
    assert.deepEqual(await backend.read(), before);
    return { isAll, commands: [...programs.changes] };
  };
  return { commands, values, ours, back };
}

function system(platform: NodeJS.Platform, run: Runner, desktop = '') {
  return chooseBackend({ platform, env: { XDG_CURRENT_DESKTOP: desktop }, run });
}

async function found(platform: NodeJS.Platform, run: Runner, desktop?: string): Promise<Backend> {
  const backend = await system(platform, run, desktop);
  assert.ok(backend !== undefined);
  return backend;
}

describe('KDE', () => {
  const place = '--file kioslaverc --group "Proxy Settings" --key'.replaceAll('"', '');
  const signal =
    'dbus-send --session --type=signal /KIO/Scheduler ' +
    'org.kde.KIO.Scheduler.reparseSlaveConfiguration string:';

  test('is given a PAC file, and told', async () => {
    const programs = Programs.kde(6, { ProxyType: '1', httpProxy: 'http://proxy.example 3128' });
    const backend = await found('linux', programs.run, 'KDE');
    const { commands, back } = await use(backend, programs, pac);
    assert.deepEqual(commands, [
      `kwriteconfig6 ${place} Proxy Config Script ${url}`,
      `kwriteconfig6 ${place} ProxyType 2`,
      signal,
    ]);
    assert.deepEqual((await back()).commands, [
      `kwriteconfig6 ${place} Proxy Config Script --delete `,
      `kwriteconfig6 ${place} ProxyType 1`,
      signal,
    ]);
  });

  test('has fixed addresses, with its older tools as well', async () => {
    const programs = Programs.kde(5, {});
    const backend = await found('linux', programs.run, 'KDE');
    const { values, back } = await use(backend, programs, { ...fixed, host: '::1' });
    assert.deepEqual(values, {
      NoProxyFor: 'localhost,127.0.0.0/8,.example.com',
      ReversedException: 'false',
      httpProxy: 'http://[::1] 1080',
      httpsProxy: 'http://[::1] 1080',
      ftpProxy: null,
      socksProxy: 'socks://[::1] 1080',
      ProxyType: '1',
    });
    assert.equal((await back()).isAll, true);
  });
});

describe('macOS', () => {
  const services = ['Wi-Fi', 'USB 10/100 LAN', '*Thunderbolt Bridge'];

  test('each service that is enabled is given a PAC file', async () => {
    const programs = Programs.macos(services, {
      'USB 10/100 LAN': { url: 'http://pac.corp.example/a.pac', script: 'Yes' },
    });
    const backend = await found('darwin', programs.run);
    const { commands, back } = await use(backend, programs, pac);
    assert.deepEqual(commands, [
      `networksetup -setautoproxyurl Wi-Fi ${url}`,
      'networksetup -setautoproxystate Wi-Fi on',
      `networksetup -setautoproxyurl USB 10/100 LAN ${url}`,
      'networksetup -setautoproxystate USB 10/100 LAN on',
    ]);
    assert.deepEqual((await back()).commands, [
      'networksetup -setautoproxyurl Wi-Fi ',
      'networksetup -setautoproxystate Wi-Fi off',
      'networksetup -setautoproxyurl USB 10/100 LAN http://pac.corp.example/a.pac',
      'networksetup -setautoproxystate USB 10/100 LAN on',
    ]);
  });

  test('has fixed addresses, and no PAC file besides them', async () => {
    const programs = Programs.macos(['Wi-Fi'], {
      'Wi-Fi': { url: 'http://pac.example/', script: 'Yes', web: 'Yes proxy.example 3128' },
    });
    const backend = await found('darwin', programs.run);
    const { commands, back } = await use(backend, programs, { ...fixed, http: false });
    assert.deepEqual(commands, [
      'networksetup -setproxybypassdomains Wi-Fi localhost 127.0.0.0/8 *.example.com',
      'networksetup -setwebproxy Wi-Fi proxy.example 3128',
      'networksetup -setwebproxystate Wi-Fi off',
      'networksetup -setsocksfirewallproxy Wi-Fi 127.0.0.1 1080',
      'networksetup -setsocksfirewallproxystate Wi-Fi on',
      'networksetup -setautoproxyurl Wi-Fi http://pac.example/',
      'networksetup -setautoproxystate Wi-Fi off',
    ]);
    const { isAll, commands: given } = await back();
    assert.equal(isAll, true);
    assert.equal(given[0], 'networksetup -setproxybypassdomains Wi-Fi Empty');
  });

  test('a proxy whose password nobody can read is not changed', async () => {
    const programs = Programs.macos(['Wi-Fi'], {
      'Wi-Fi': { web: 'Yes proxy.example 3128', secret: '1' },
    });
    const backend = await found('darwin', programs.run);
    const before = await backend.read();
    assert.throws(() => backend.wanted(fixed, before), /"Wi-Fi" uses a proxy with a password/);
    assert.deepEqual(Object.keys(backend.wanted(pac, before)), ['autoproxyurl Wi-Fi']);
  });

  test('a service that has gone needs nothing back', async () => {
    const programs = Programs.macos(['Wi-Fi', 'Phone'], {});
    const backend = await found('darwin', programs.run);
    const before = await backend.read();
    const ours = backend.wanted(pac, before);
    await backend.write(ours);
    programs.macServices.delete('Phone');
    assert.equal(await giveBack(backend, { backend: 'macos', before, ours }), true);
    assert.equal((await backend.read())['autoproxyurl Wi-Fi'], 'off ');
  });
});

describe('Windows', () => {
  const key = 'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';

  test('is given a PAC file, and told', async () => {
    const programs = Programs.windows({ ProxyEnable: 'REG_DWORD 0x0', 'User Agent': 'REG_SZ a' });
    const backend = await found('win32', programs.run);
    const { commands, back } = await use(backend, programs, pac);
    const [told] = commands.splice(-1);
    assert.deepEqual(commands, [`reg.exe add ${key} /v AutoConfigURL /t REG_SZ /d ${url} /f`]);
    assert.match(told ?? '', /^powershell\.exe .*-NonInteractive .*InternetSetOption/s);
    const { isAll, commands: given } = await back();
    assert.equal(isAll, true);
    assert.equal(given[0], `reg.exe delete ${key} /v AutoConfigURL /f`);
  });

  test('has fixed addresses, and no PAC file besides them', async () => {
    const programs = Programs.windows({
      AutoConfigURL: 'REG_EXPAND_SZ http://%USERDOMAIN%.example/proxy.pac',
      ProxyServer: 'REG_SZ ',
      ProxyEnable: 'REG_DWORD 0x0',
    });
    const backend = await found('win32', programs.run);
    const { values, back } = await use(backend, programs, fixed);
    assert.deepEqual(values, {
      AutoConfigURL: null,
      ProxyServer: 'REG_SZ 127.0.0.1:1080',
      ProxyOverride: 'REG_SZ localhost;127.*;*.example.com',
      ProxyEnable: 'REG_DWORD 0x1',
    });
    assert.equal((await back()).isAll, true);
    const only = backend.wanted({ ...fixed, host: '::1', http: false }, await backend.read());
    assert.equal(only['ProxyServer'], 'REG_SZ socks=[::1]:1080');
  });

  test('what could not be given back is not changed', async () => {
    const programs = Programs.windows({ ProxyOverride: 'REG_SZ b\uFFFDro' });
    const backend = await found('win32', programs.run);
    const before = await backend.read();
    assert.throws(() => backend.wanted(fixed, before), UserError);
    assert.deepEqual(Object.keys(backend.wanted(pac, before)), ['AutoConfigURL']);
  });

  test('its list of exceptions has patterns where others have networks', () => {
    const list = ['<local>', '10.0.0.0/8', '172.16.0.0/12', '192.0.2.7', '192.0.2.8/30'];
    const twelve = Array.from({ length: 16 }, (_, i) => `172.${16 + i}.*`);
    const thirty = ['192.0.2.8', '192.0.2.9', '192.0.2.10', '192.0.2.11'];
    assert.deepEqual(windowsBypass(list), ['<local>', '10.*', ...twelve, '192.0.2.7', ...thirty]);
    assert.deepEqual(
      windowsBypass(['[0:0::1]', 'not this', '2001:db8::/32', '0.0.0.0/0', '128.0.0.0/1']),
      ['[::1]', '*', ...Array.from({ length: 128 }, (_, i) => `${128 + i}.*`)],
    );
  });
});

describe('GNOME', () => {
  test('what was never set is given back as that', async () => {
    const programs = Programs.gnome({ 'org.gnome.system.proxy mode': `'manual'` });
    const backend = await found('linux', programs.run, 'ubuntu:GNOME');
    const { commands, back } = await use(backend, programs, pac);
    assert.deepEqual(commands, [
      `gsettings set org.gnome.system.proxy autoconfig-url '${url}'`,
      `gsettings set org.gnome.system.proxy mode 'auto'`,
    ]);
    assert.deepEqual((await back()).commands, [
      'gsettings reset org.gnome.system.proxy autoconfig-url',
      `gsettings set org.gnome.system.proxy mode 'manual'`,
    ]);
  });

  test('has fixed addresses', async () => {
    const programs = Programs.gnome({});
    const backend = await found('linux', programs.run, 'XFCE');
    const { values } = await use(backend, programs, {
      ...fixed,
      http: false,
      bypass: ["a'b", 'c'],
    });
    const root = 'org.gnome.system.proxy';
    assert.equal(values[`${root} ignore-hosts`], `["a'b", 'c']`);
    assert.equal(values[`${root}.socks host`], `'127.0.0.1'`);
    assert.equal(values[`${root}.socks port`], '1080');
    assert.equal(values[`${root}.https host`], `''`);
    assert.equal(Object.keys(values).at(-1), `${root} mode`);
  });
});

describe('what the settings of a system are', () => {
  test('a desktop without any has none', async () => {
    const missing: Runner = async (program) => {
      throw new UserError(`${program} is not installed`);
    };
    assert.equal(await system('linux', missing, 'KDE'), undefined);
    const gnome = Programs.gnome({});
    // Plasma without its tools has those that it shares with others.
    assert.equal((await system('linux', gnome.run, 'KDE'))?.id, 'gnome');
  });

  test('only what is still as it was made is given back', async () => {
    const programs = Programs.gnome({});
    const backend = await found('linux', programs.run);
    const before = await backend.read();
    const take = async (proxy: WantedProxy) => {
      const ours = backend.wanted(proxy, before);
      await backend.write(ours);
      return { backend: backend.id, before, ours };
    };
    const root = 'org.gnome.system.proxy';
    let kept = await take(fixed);
    await backend.write({ [`${root}.http host`]: `'proxy.example'` });
    assert.equal(await giveBack(backend, kept), false);
    const after = await backend.read();
    assert.equal(after[`${root} mode`], `'manual'`);
    assert.equal(after[`${root}.http host`], `'proxy.example'`);
    assert.equal(after[`${root}.http port`], '1080');

    // But nothing else can mean the app's own file.
    await backend.write(before);
    kept = await take(pac);
    await backend.write({ [`${root} mode`]: `'manual'` });
    assert.equal(await giveBack(backend, kept), false);
    assert.equal((await backend.read())[`${root} mode`], `'manual'`);
    assert.equal((await backend.read())[`${root} autoconfig-url`], `''`);

    // A change that was cut short is one all the same.
    await backend.write(before);
    kept = { backend: backend.id, before, ours: backend.wanted(pac, before) };
    await backend.write(pick(kept.ours, [`${root} autoconfig-url`]));
    assert.equal(await giveBack(backend, kept), true);
    assert.deepEqual(await backend.read(), before);
  });
});

describe('an exception', () => {
  test('is an address, a network, a name, or all names without a dot', () => {
    assert.deepEqual(parseBypass(' [FE80::]/10 '), {
      kind: 'network',
      octets: [0xfe, 0x80, ...Array(14).fill(0)],
      bits: 10,
    });
    assert.deepEqual(parseBypass('*.Bücher.example.'), {
      kind: 'name',
      name: '*.xn--bcher-kva.example',
    });
    for (const wrong of [
      '',
      '*',
      'a b',
      '10.0.0.0/33',
      'a.example:80',
      '1.2.3',
      'http://a/',
      'a..b',
    ]) {
      assert.throws(() => parseBypass(wrong), /expected ADDRESS\[\/BITS\], NAME/, wrong);
    }
  });
});
