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

const { denying, END, moved, placeOf, rulesView, withDraft, without } =
  await rendererModule<Rules>('views/rulesview.ts');

describe('rules that are edited', () => {
  const rules = ['a', 'b', 'c'];

  test('a new one comes among the others, an edited one in its own place', () => {
    assert.deepEqual(withDraft(rules, { at: 0, text: ' x ', was: undefined }), {
      rules: ['x', ...rules],
      at: 0,
    });
    assert.deepEqual(withDraft(rules, { at: END, text: 'x', was: undefined }), {
      rules: [...rules, 'x'],
      at: 3,
    });
    assert.deepEqual(withDraft(rules, { at: 1, text: 'x', was: 'b' }), {
      rules: ['a', 'x', 'c'],
      at: 1,
    });
  });

  test('one that has moved meanwhile is found where it is', () => {
    assert.deepEqual(placeOf(['c', 'a', 'b'], { at: 1, was: 'b' }), {
      at: 2,
      isNew: false,
    });
    assert.deepEqual(placeOf(['a'], { at: 2, was: 'c' }), { at: 1, isNew: true });
  });

  test('moving', () => {
    const first = { at: 0, was: 'a' };
    assert.deepEqual(moved(rules, first, 2), { rules: ['b', 'c', 'a'], at: 2 });
    assert.deepEqual(moved(rules, first, 9), { rules: ['b', 'c', 'a'], at: 2 });
    assert.deepEqual(moved(rules, { at: 2, was: 'c' }, -2), { rules: ['c', 'a', 'b'], at: 0 });
    assert.equal(moved(rules, first, -1), undefined);
    // Whoever presses twice means two places, though the first is not shown yet.
    assert.deepEqual(moved(['b', 'a', 'c'], first, 1), { rules: ['b', 'c', 'a'], at: 2 });
    assert.equal(moved(['b', 'c'], first, 1), undefined, 'it is gone meanwhile');
  });

  test('removing', () => {
    assert.deepEqual(without(rules, { at: 1, was: 'b' }), { rules: ['a', 'c'], at: 1 });
    assert.equal(without(['a', 'c'], { at: 1, was: 'b' }), undefined, 'it is gone meanwhile');
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
