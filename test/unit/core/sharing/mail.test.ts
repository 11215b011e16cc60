import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Mail, PostOffice } from '#core/sharing/mail.js';

function office(count: number) {
  const post = new PostOffice();
  const got: (readonly [to: number, mail: Mail])[] = [];
  const done: (() => void)[] = [];
  for (let number = 1; number <= count; number++) {
    post.add(number, (mail, written) => {
      got.push([number, mail]);
      done.push(written);
    });
  }
  return { post, got, done };
}

test('a message is for all others, or for one, and is of whom it comes from', () => {
  const { post, got } = office(3);
  post.post(2, { of: 'x', text: '1', from: 1 });
  post.post(1, { of: 'x', text: '2', from: 1, to: 3 });
  assert.deepEqual(got, [
    [1, { of: 'x', text: '1', from: 2 }],
    [3, { of: 'x', text: '1', from: 2 }],
    [3, { of: 'x', text: '2', from: 1 }],
  ]);
  post.remove(3);
  post.post(1, { of: 'x', text: '3', from: 1, to: 3 });
  assert.equal(got.length, 3);
});

test('what a worker does not read is bounded, and holds nobody else up', () => {
  const { post, got, done } = office(2);
  const text = 'x'.repeat(1024 * 1024);
  for (let i = 0; i < 20; i++) post.post(1, { of: 'x', text, from: 1 });
  assert.equal(got.length, 8);
  post.post(2, { of: 'x', text, from: 2 });
  assert.equal(got.length, 9);
  for (const written of done) written();
  post.post(1, { of: 'x', text, from: 1 });
  assert.equal(got.length, 10);
});
