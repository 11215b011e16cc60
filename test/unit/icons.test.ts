import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { icns, ico, icons, loadRenderer, png, TRAY_STATES } from '#build/icons.js';

const SIGNATURE = '89504e470d0a1a0a';
const DRAWING =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M0 0h9v9z"/></svg>';

function widthOf(image: Buffer): number {
  assert.equal(image.toString('hex', 0, 8), SIGNATURE);
  return image.readUInt32BE(16);
}

before(loadRenderer);

test('a PNG file is as wide as it is asked to be', () => {
  assert.equal(widthOf(png(DRAWING, 44)), 44);
});

test('the directory of an .ico file leads to its images', () => {
  const file = ico(DRAWING, [16, 256]);
  assert.equal(file.readUInt16LE(4), 2);
  for (const [entry, size] of [
    [6, 16],
    [22, 256],
  ] as const) {
    assert.equal(file.readUInt8(entry), size % 256);
    const start = file.readUInt32LE(entry + 12);
    assert.equal(widthOf(file.subarray(start, start + file.readUInt32LE(entry + 8))), size);
  }
});

test('an .icns file is a sequence of images that ends where it says', () => {
  const file = icns(DRAWING);
  assert.equal(file.toString('latin1', 0, 4), 'icns');
  assert.equal(file.readUInt32BE(4), file.length);
  let sizes = 0;
  let at = 8;
  for (; at < file.length; at += file.readUInt32BE(at + 4)) {
    sizes += widthOf(file.subarray(at + 8));
  }
  assert.equal(at, file.length);
  assert.equal(sizes, 32 + 64 + 128 + 256 + 256 + 512 + 512 + 1024);
});

test('every state of the tray has its own colour, and its own shape without colour', () => {
  const tray =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">' +
    '<circle id="state" cx="12" cy="4" r="4" fill="#fff"/></svg>';
  const files = new Map(
    [...icons(DRAWING, tray)].map(([name, data]) => [name, data.toString('hex')]),
  );
  for (const suffix of ['.png', '@2x.png', 'Template.png', 'Template@2x.png', '.ico']) {
    const images = ['running', 'stopped', 'error'].map((state) =>
      files.get(`tray-${state}${suffix}`),
    );
    assert.equal(new Set(images).size, 3, suffix);
    assert.ok(!images.includes(undefined), suffix);
  }
});

/** How bright a colour is (WCAG 2.2, relative luminance). */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test('what the tray shows in colour is seen on dark and on light panels', () => {
  const drawing = readFileSync(new URL('../../../build/tray.svg', import.meta.url), 'utf8');
  const [, glyph = ''] = / color="(#\w{6})"/.exec(drawing) ?? [];
  const states = Object.values(TRAY_STATES).map(({ color }) => color);
  for (const color of [glyph, ...states]) {
    for (const panel of ['#ffffff', '#1f1f1f']) {
      const [light = 0, dark = 0] = [luminance(color), luminance(panel)].sort((a, b) => b - a);
      // What graphics need (WCAG 2.2, 1.4.11).
      assert.ok((light + 0.05) / (dark + 0.05) >= 3, `${color} on ${panel}`);
    }
  }
});
