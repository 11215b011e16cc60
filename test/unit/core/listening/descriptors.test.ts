import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DescriptorWatch, reachWarning } from '#core/listening/descriptors.js';

const failed = (code: string) => Object.assign(new Error(code), { code });

describe('descriptors', () => {
  test('a number of connections that cannot be reached is told, with what would do', () => {
    assert.equal(reachWarning(100, true, 1, 232), undefined);
    const warning = reachWarning(101, true, 1, 232);
    assert.match(warning ?? '', /maxconn 101 .* 232, .* 100 connections; .*ulimit -n 234/);
    assert.equal(reachWarning(200, true, 2, 232), undefined);
    assert.match(reachWarning(201, true, 2, 232) ?? '', /200 connections; .*ulimit -n 234/);
    assert.equal(reachWarning(100_000, true, 1, undefined), undefined, 'no limit');
    assert.equal(reachWarning(0, true, 1, 64), undefined, 'as many as there can be');
  });

  test('a number that nobody asked for is told where there are few', () => {
    assert.equal(reachWarning(16_384, false, 1, 2032), undefined);
    assert.match(reachWarning(16_384, false, 1, 2031) ?? '', /999 connections/);
  });

  test('that they have run out is told once a minute', (t) => {
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    const warnings: string[] = [];
    const watch = new DescriptorWatch((message) => warnings.push(message));
    watch.saw(failed('ECONNREFUSED'), 1);
    watch.saw(undefined, 1);
    assert.deepEqual(warnings, []);
    watch.saw(failed('EMFILE'), 7);
    now = 59_999;
    watch.saw(failed('EMFILE'), 7);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /EMFILE\) with 7 connections.*ulimit -n \d+.*lower maxconn/);
    now = 60_000;
    watch.saw(failed('ENFILE'), 7);
    assert.match(warnings[1] ?? '', /ENFILE.*fs\.file-max/);
  });
});
