import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SettingDescriptor, SettingsState } from '#main/ipc/contract.js';
import { rendererModule } from '../../support/renderer.js';

type Module = typeof import('../../../renderer/views/settingsearch.js') &
  typeof import('../../../renderer/views/settingvalue.js');

const { findSettings, parseSearch, withModified, parseValue, defaultText } =
  await rendererModule<Module>('views/settingsearch.ts', 'views/settingvalue.ts');

const describe1 = (key: string, title: string): SettingDescriptor =>
  ({ key, title, description: '', section: 'Access', type: 'text', default: '' }) as never;
const descriptors = [describe1('port', 'Port'), describe1('request', 'Request rules')];
const state = { modified: ['port'], profiles: { profiles: [] } } as unknown as SettingsState;

function titles(typed: string, drafts: readonly string[] = []) {
  const found = findSettings(parseSearch(typed), descriptors, [], state, drafts, 'Profiles');
  return found.own.map(({ title }) => title);
}

describe('searching settings', () => {
  test('all words have to be there; @modified leaves out what is as it comes', () => {
    assert.deepEqual(titles(''), ['Port', 'Request rules']);
    assert.deepEqual(titles('rules ACCESS'), ['Request rules']);
    assert.deepEqual(titles('@modified'), ['Port']);
    assert.deepEqual(titles('@Modified rules'), []);
    assert.deepEqual(titles('@modified', ['request']), ['Port', 'Request rules']);
  });

  test('the filter can be switched', () => {
    assert.equal(withModified('port  rules', true), '@modified port rules');
    assert.equal(withModified('port @modified rules', false), 'port rules');
    assert.equal(withModified('@MODIFIED', true), '@modified');
  });
});

describe('values of settings', () => {
  const of = (change: Partial<SettingDescriptor>) => ({ ...describe1('x', 'X'), ...change });

  test('what was typed is read by the kind of the setting', () => {
    assert.equal(parseValue(of({ type: 'number' }), ' 12 '), 12);
    assert.equal(parseValue(of({ type: 'number' }), '0x1f'), -1);
    assert.deepEqual(parseValue(of({ type: 'list' }), ' a, b\n\nc'), ['a', 'b', 'c']);
  });

  test('the default is said, of switches and choices once they are modified', () => {
    assert.equal(
      defaultText(of({ type: 'number', default: 30, unit: 'seconds' }), false),
      'Default: 30 seconds.',
    );
    assert.equal(defaultText(of({ type: 'boolean', default: true }), false), '');
    assert.equal(defaultText(of({ type: 'boolean', default: true }), true), 'Default: on.');
    assert.equal(defaultText(of({ type: 'list', default: [] }), true), 'Default: none.');
    const choices = [{ value: 'a', label: 'First' }];
    assert.equal(
      defaultText(of({ type: 'choice', default: 'a', choices }), true),
      'Default: First.',
    );
  });
});
