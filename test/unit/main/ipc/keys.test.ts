import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accelerator, HotKeys } from '#main/desktop/hotkeys.js';
import { bindingFault, globalKeyOf, keyFault, keyOf, withKey } from '#main/ipc/contract.js';
import { checkSetting } from '#main/settings/values.js';

test('a command has the key that it comes with, another one, or none', () => {
  const keys = ['log.open=Ctrl+=', 'app.palette=', 'global app.open=Ctrl+Alt+P'];
  assert.equal(keyOf('view.log', 'Ctrl+6', keys), 'Ctrl+6');
  assert.equal(keyOf('log.open', undefined, keys), 'Ctrl+=');
  assert.equal(keyOf('app.palette', 'Ctrl+Shift+P', keys), undefined);
  assert.equal(keyOf('app.open', undefined, keys), undefined);
  assert.equal(globalKeyOf('app.open', keys), 'Ctrl+Alt+P');
});

test('a change takes the place of the last one of its command, and can be taken back', () => {
  const log = { id: 'log.open', isGlobal: false };
  const keys = withKey(['global app.open=F6', 'log.open=F7'], log, 'Ctrl+L');
  assert.deepEqual(keys, ['global app.open=F6', 'log.open=Ctrl+L']);
  assert.deepEqual(withKey(keys, log, ''), ['global app.open=F6', 'log.open=']);
  assert.deepEqual(withKey(keys, log, undefined), ['global app.open=F6']);
  assert.deepEqual(withKey(keys, { id: 'app.open', isGlobal: true }, undefined), [
    'log.open=Ctrl+L',
  ]);
});

test('what would take a letter that is typed, or a key of the fields, is no key of a command', () => {
  for (const key of ['Ctrl+L', 'Ctrl+Shift+Alt+ArrowUp', 'Alt+ß', 'F6', 'Shift+F6', 'Ctrl++']) {
    assert.equal(keyFault(key), key === 'Ctrl++' ? 'reserved' : undefined, key);
  }
  for (const key of ['L', 'Shift+L', 'Space', 'Enter']) assert.equal(keyFault(key), 'modifier');
  for (const key of ['', 'Ctrl+', 'Hyper+L', 'Shift+Ctrl+L', 'Ctrl+Nothing']) {
    assert.equal(keyFault(key), 'form', key);
  }
  assert.equal(keyFault('Ctrl+C'), 'reserved');
});

test('the setting says what is wrong with it', () => {
  const check = (entry: string) => checkSetting({ key: 'keys', value: [entry] });
  for (const entry of ['log.open=Ctrl+L', 'log.open=', 'global server.toggle=F9']) check(entry);
  check('extension:conditions.none=F8');
  assert.throws(() => check('log.open'), /Keyboard shortcuts: “log.open”: expected COMMAND=KEY/);
  assert.throws(() => check('nothing.at-all=F6'), /there is no command “nothing.at-all”/);
  assert.throws(() => check('global log.open=F6'), /one of server.toggle or app.open/);
  assert.match(bindingFault('log.open=Ctrl+C') ?? '', /needed for editing/);
});

test('keys are named as Electron does', () => {
  assert.deepEqual(['Ctrl+Shift+P', 'Ctrl++', 'Alt+ArrowUp', 'F6'].map(accelerator), [
    'CommandOrControl+Shift+P',
    'CommandOrControl+Plus',
    'Alt+Up',
    'F6',
  ]);
});

test('keys that work everywhere are taken and given back; one that cannot be had is said', () => {
  const taken = new Map<string, () => void>([['F9', () => {}]]);
  const [ran, refused] = [[], []] as [string[], string[]];
  const hotKeys = new HotKeys({
    registry: {
      register(name, run) {
        if (name === 'Alt+Odd') throw new TypeError('no accelerator');
        if (taken.has(name)) return false;
        taken.set(name, run);
        return true;
      },
      unregister: (name) => void taken.delete(name),
    },
    run: (id) => ran.push(id),
    refused: (key) => refused.push(key),
  });
  hotKeys.apply(['global server.toggle=Ctrl+Alt+S', 'global app.open=F9']);
  assert.deepEqual(refused, ['F9']);
  taken.get('CommandOrControl+Alt+S')?.();
  assert.deepEqual(ran, ['server.toggle']);
  // One may have the key that the other has had.
  hotKeys.apply(['global app.open=Ctrl+Alt+S', 'global server.toggle=Alt+Odd']);
  taken.get('CommandOrControl+Alt+S')?.();
  assert.deepEqual(
    [ran, refused],
    [
      ['server.toggle', 'app.open'],
      ['F9', 'Alt+Odd'],
    ],
  );
  hotKeys.dispose();
  assert.deepEqual([...taken.keys()], ['F9']);
});
