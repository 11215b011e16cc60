import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SettingKey, UpstreamSettings } from '#main/ipc/contract.js';
import { carryOut } from '#main/settings/change.js';
import { settingsOf } from '../../../support/settings.js';

const office = { name: 'Office', settings: { port: 1090 }, networks: [] };

describe('settings, with profiles', () => {
  test('a profile that is in use has precedence, and what is modified is told', () => {
    const { settings } = settingsOf({ settings: { port: 2080, http: false }, profiles: [office] });
    assert.equal(settings.values.port, 2080);
    const told: (readonly SettingKey[])[] = [];
    settings.on('change', (keys) => told.push(keys));
    settings.replace({ profile: 'Office' });
    assert.equal(settings.values.port, 1090);
    assert.equal(settings.values.http, false);
    assert.deepEqual(settings.modified, ['port', 'http']);
    assert.deepEqual(told, [['port']]);
  });

  test('a value is kept in the profile if it has one of its own, or else for all', () => {
    const { settings, memory } = settingsOf({ profiles: [office], profile: 'Office' });
    settings.set({ key: 'port', value: 1080 });
    settings.set({ key: 'http', value: false });
    assert.deepEqual(memory.store.settings, { http: false });
    assert.deepEqual(memory.store.profiles?.[0]?.settings, { port: 1080 });
    settings.replace({ profile: '' });
    assert.equal(settings.values.port, 1080);

    settings.replace({ profile: 'Office' });
    settings.replace({ profiles: settings.differing('http', true) });
    settings.set({ key: 'http', value: true });
    assert.deepEqual(memory.store.profiles?.[0]?.settings, { port: 1080, http: true });
    settings.replace({ profiles: settings.differing('http', false) });
    assert.equal(settings.values.http, false);
  });

  test('where none is in use, nothing can differ in it', () => {
    const { settings } = settingsOf({ profiles: [office] });
    assert.throws(() => settings.differing('http', true), /No profile is in use/);
  });

  test('rules of all profiles follow the name of an upstream server', () => {
    const profiles = [{ ...office, settings: { via: ['*.corp=work'] } }];
    const { settings, memory } = settingsOf({ settings: { via: ['work'] }, profiles });
    assert.deepEqual(settings.routes, ['work', '*.corp=work']);
    const upstreams: UpstreamSettings[] = [];
    settings.keepUpstreams(upstreams, (rule) => rule.replace('work', 'job'));
    assert.deepEqual(memory.store.settings, { via: ['job'] });
    assert.deepEqual(memory.store.profiles?.[0]?.settings, { via: ['*.corp=job'] });
  });

  test('a change that the server does not take is taken back, all of it', async () => {
    const before = { settings: { port: 2080 }, profiles: [office] };
    const { settings, memory } = settingsOf(before);
    const given: number[] = [];
    const apply = async () => {
      given.push(settings.values.port);
      if (settings.values.port === 3080) throw new Error('in use');
    };
    const change = { settings: { port: 3080 }, profiles: [] };
    await assert.rejects(carryOut(settings, change, apply), /in use/);
    assert.deepEqual(given, [3080, 2080]);
    assert.deepEqual(memory.store.settings, before.settings);
    assert.deepEqual(memory.store.profiles, before.profiles);
  });

  test('on a full disk nothing is changed', () => {
    const { settings, memory } = settingsOf({ profiles: [office] });
    memory.isFull = true;
    assert.throws(() => settings.replace({ profile: 'Office' }), /cannot be saved: no space left/);
    assert.equal(settings.profile, undefined);
  });
});
