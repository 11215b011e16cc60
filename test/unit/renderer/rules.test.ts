import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rendererModule } from '../../support/renderer.js';

type Rules = typeof import('../../../renderer/views/rulesview.js');

/** What the page remembers. */
const storage = new Map<string, string>();

Object.assign(globalThis, {
  window: {
    sessionStorage: {
      getItem: (key: string) => storage.get(key) ?? null,
      setItem: (key: string, value: string) => storage.set(key, value),
    },
  },
});

const { denying, moved, placeOf, rulesView, withDraft } =
  await rendererModule<Rules>('views/rulesview.ts');

describe('rules that are edited', () => {
  const rules = ['a', 'b', 'c'];

  test('a new one comes among the others, an edited one in its own place', () => {
    assert.deepEqual(withDraft(rules, { at: 0, text: ' x ', was: undefined }), ['x', ...rules]);
    assert.deepEqual(withDraft(rules, { at: 9, text: 'x', was: undefined }), [...rules, 'x']);
    assert.deepEqual(withDraft(rules, { at: 1, text: 'x', was: 'b' }), ['a', 'x', 'c']);
  });

  test('one that has moved meanwhile is found where it is', () => {
    assert.deepEqual(placeOf(['c', 'a', 'b'], { at: 1, text: 'x', was: 'b' }), {
      at: 2,
      isNew: false,
    });
    assert.deepEqual(placeOf(['a'], { at: 2, text: 'x', was: 'c' }), { at: 1, isNew: true });
  });

  test('moving', () => {
    assert.deepEqual(moved(rules, 0, 2), ['b', 'c', 'a']);
    assert.deepEqual(moved(rules, 2, 0), ['c', 'a', 'b']);
    assert.deepEqual(moved(rules, 1, 1), rules);
  });

  test('denying one host denies nothing else', () => {
    assert.deepEqual(denying([], '[::1]'), ['!all:[::1]', 'all']);
    assert.deepEqual(denying(['connect'], 'a.example'), ['!all:a.example', 'connect']);
    assert.deepEqual(denying(['x', '!all:a'], 'a'), ['!all:a', 'x']);
  });

  test('what is typed outlives the page', async () => {
    const draft = { at: 0, text: 'x=y', was: 'x' };
    rulesView.change('via', { draft });
    const again = await rendererModule<Rules>('views/rulesview.ts', 'memory.ts');
    assert.deepEqual(again.rulesView.look('via').draft, draft);
    assert.equal(again.rulesView.look('request').draft, undefined);
    // But no password does.
    rulesView.change('via', { draft: { ...draft, text: 'socks5://a:b@c' } });
    assert.equal(rulesView.look('via').draft?.text, 'socks5://a:b@c');
    assert.doesNotMatch([...storage.values()].join(), /a:b/);
  });
});
