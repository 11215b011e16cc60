import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { manualPage } from '#build/manpage.js';

test('the manual page is made of the present list of options; else: npm run man', () => {
  const page = new URL('../../../core/man/picosocks5.8', import.meta.url);
  assert.equal(readFileSync(page, 'utf8'), manualPage());
});
