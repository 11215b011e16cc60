import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from 'picosocks5';
import { type NetworkFacts, NO_NETWORK } from '#main/profiles/networks.js';
import { DesktopProfiles, profilesState } from '#main/profiles/profiles.js';
import { profileList } from '#main/profiles/traylist.js';
import type { SettingsFile } from '#main/settings/file.js';
import { settingsOf } from '../../../support/settings.js';

const OFFICE = { name: 'Office', settings: { port: 1090 }, networks: ['wifi:Corp'] };
const HOME = { name: 'Home', settings: { http: false }, networks: ['wifi:Nest'] };

function wifi(name: string): NetworkFacts {
  return { wifi: name, domains: [], addresses: ['10.0.0.2/24'] };
}

function make(file: Partial<SettingsFile> = { profiles: [OFFICE, HOME] }) {
  const { settings, memory } = settingsOf(file);
  const network = { facts: wifi('Elsewhere') };
  const server = { refuses: 0, given: [] as number[] };
  const told: string[] = [];
  const profiles = new DesktopProfiles({
    settings,
    async apply() {
      server.given.push(settings.values.port);
      if (settings.values.port === server.refuses) throw new UserError('the port is in use');
    },
    probe: async () => network.facts,
    tell: (message) => told.push(message),
    complain: (message) => told.push(`complaint: ${message}`),
  });
  return { settings, memory, network, server, told, profiles };
}

describe('profiles', () => {
  test('one is used, whole, until another one or none is', async () => {
    const { settings, server, profiles } = make();
    await profiles.use('Office');
    assert.equal(settings.values.port, 1090);
    await profiles.use('Home');
    assert.deepEqual([settings.values.port, settings.values.http], [1080, false]);
    await profiles.use(undefined);
    assert.equal(settings.values.http, true);
    assert.deepEqual(server.given, [1090, 1080, 1080]);
    assert.equal(profilesState(settings).active, undefined);
  });

  test('one that the server does not take is not used at all', async () => {
    const { settings, server, profiles } = make();
    await profiles.use('Home');
    server.refuses = 1090;
    await assert.rejects(profiles.use('Office'), /“Office” cannot be used: the port is in use/);
    assert.deepEqual([settings.values.port, settings.values.http], [1080, false]);
    assert.equal(server.given.at(-1), 1080);
    assert.equal(profilesState(settings).active, 'Home');
  });

  test('one with a rule that leads nowhere any more is not used at all', async () => {
    const broken = { ...OFFICE, settings: { via: ['gone'] } };
    const { settings, server, profiles } = make({ profiles: [broken] });
    await assert.rejects(profiles.use('Office'), /no upstream server "gone"/);
    assert.deepEqual([server.given, settings.profile], [[], undefined]);
    await assert.rejects(profiles.use('Nowhere'), /There is no profile “Nowhere”/);
  });

  test('it is added, differs, is renamed, deleted and restored', async () => {
    const { settings, memory, profiles } = make({});
    await profiles.add(' Café ');
    await profiles.differ('port', true);
    settings.set({ key: 'port', value: 1234 });
    await profiles.update({ name: 'Café', newName: 'Bar', networks: ['wifi:Bar', 'wifi:Bar'] });
    assert.deepEqual(profilesState(settings), {
      profiles: [{ name: 'Bar', differs: ['port'], networks: ['wifi:Bar'] }],
      active: 'Bar',
    });
    await profiles.delete('Bar');
    assert.deepEqual([settings.values.port, memory.store.profiles], [1080, []]);
    await profiles.restore('Bar');
    await profiles.use('Bar');
    assert.equal(settings.values.port, 1234);
  });

  test('one that is restored is where it was', async () => {
    const { settings, profiles } = make({});
    for (const name of ['A', 'B', 'C']) await profiles.add(name);
    await profiles.delete('B');
    await profiles.restore('B');
    const names = profilesState(settings).profiles.map(({ name }) => name);
    assert.deepEqual(names, ['A', 'B', 'C']);
  });

  test('a name or a network that cannot be used is said', async () => {
    const { profiles } = make();
    for (const name of ['', '  ', 'a\nb', 'x'.repeat(51)]) {
      await assert.rejects(profiles.add(name), /A profile needs a name/);
    }
    await assert.rejects(profiles.add('office'), /There is a profile “office” already/);
    const change = { name: 'Office', networks: ['moon'] };
    await assert.rejects(profiles.update(change), /“moon” is no network/);
    await assert.rejects(profiles.restore('Office'), /cannot be restored/);
  });
});

describe('profiles in the tray', () => {
  test('the one that is in use is ticked, and each can be chosen', () => {
    const used: (string | undefined)[] = [];
    const all = { profiles: [{ name: 'Office', differs: [], networks: [] }], active: 'Office' };
    const { items } = profileList(all, (name) => used.push(name));
    assert.deepEqual(
      items.map(({ label, checked }) => [label, checked]),
      [
        ['No profile', false],
        ['Office', true],
      ],
    );
    for (const { click } of items) click?.();
    assert.deepEqual(used, [undefined, 'Office']);
    const none = profileList({ profiles: [], active: undefined }, assert.fail);
    assert.deepEqual(none.items, []);
  });
});

describe('profiles by network', () => {
  test('the network switches, with a word about it, and back in another one', async () => {
    const { settings, network, told, profiles } = make();
    const used = () => settings.profile?.name;
    await profiles.networkChanged();
    assert.equal(used(), undefined);
    network.facts = wifi('Corp');
    await profiles.networkChanged();
    assert.equal(settings.values.port, 1090);
    network.facts = wifi('Nest');
    await profiles.networkChanged();
    assert.equal(used(), 'Home');
    network.facts = NO_NETWORK;
    await profiles.networkChanged();
    assert.equal(used(), 'Home');
    network.facts = wifi('Elsewhere');
    await profiles.networkChanged();
    assert.equal(used(), undefined);
    assert.deepEqual(told, [
      'The profile “Office” is in use: this network is wifi:Corp.',
      'The profile “Home” is in use: this network is wifi:Nest.',
      'The profile “Home” is in use no more: this is another network.',
    ]);
  });

  test('who chooses by hand is left alone in this network', async () => {
    const { settings, network, profiles } = make();
    network.facts = wifi('Corp');
    await profiles.networkChanged();
    await profiles.use('Home');
    await profiles.networkChanged();
    assert.equal(settings.profile?.name, 'Home');
    network.facts = wifi('Elsewhere');
    await profiles.networkChanged();
    assert.equal(settings.profile?.name, 'Home');
  });

  test('one that was in use when the app ended goes on by the network', async () => {
    const { settings, profiles } = make({ profiles: [OFFICE], profile: 'Office' });
    await profiles.networkChanged();
    assert.equal(settings.profile, undefined);
  });

  test('one that cannot be used is told of, and nothing is changed', async () => {
    const { settings, network, server, told, profiles } = make();
    server.refuses = 1090;
    network.facts = wifi('Corp');
    await profiles.networkChanged();
    assert.equal(settings.profile, undefined);
    assert.deepEqual(told, ['complaint: The profile “Office” cannot be used: the port is in use']);
  });

  test('where no profile goes by it, the network is not looked at', async () => {
    const { settings } = settingsOf({ profiles: [{ ...OFFICE, networks: [] }] });
    const profiles = new DesktopProfiles({
      settings,
      apply: async () => {},
      probe: () => assert.fail('it was looked at'),
      tell: () => {},
      complain: assert.fail,
    });
    await profiles.networkChanged();
  });
});
