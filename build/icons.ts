import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { initWasm, Resvg } from '@resvg/resvg-wasm';

const ICON = new URL('../icon.svg', import.meta.url);
const TRAY = new URL('../tray.svg', import.meta.url);
const OUTPUT = new URL('icons/', import.meta.url);

const LINUX_SIZES = [16, 24, 32, 48, 64, 128, 256, 512];
const WINDOWS_SIZES = [16, 20, 24, 32, 40, 48, 64, 128, 256];
const WINDOWS_TRAY_SIZES = [16, 20, 24, 32];

/** The types of PNG entries in an .icns file, with their sizes. */
const ICNS_ENTRIES = [
  ['ic11', 32],
  ['ic12', 64],
  ['ic07', 128],
  ['ic08', 256],
  ['ic13', 256],
  ['ic09', 512],
  ['ic14', 512],
  ['ic10', 1024],
] as const;

/**
 * What the tray icon says by a shape, and by its colour where the system has colours there. They
 * are seen on dark and on light panels: the system does not say everywhere which it has.
 */
export const TRAY_STATES = {
  running: { color: '#2da44e', shape: '<circle cx="12" cy="4" r="4" fill="INK"/>' },
  stopped: {
    color: '#848d97',
    shape: '<circle cx="12" cy="4" r="3.25" fill="none" stroke="INK" stroke-width="1.5"/>',
  },
  error: { color: '#f85149', shape: '<path d="M10 0h3v5h-3zM10 6h3v3h-3z" fill="INK"/>' },
};

/** Loads the renderer. It has to be called once, before anything is drawn. */
export async function loadRenderer(): Promise<void> {
  const { resolve } = createRequire(import.meta.url);
  await initWasm(readFileSync(resolve('@resvg/resvg-wasm/index_bg.wasm')));
}

/** A drawing as a PNG file, so many pixels wide. */
export function png(svg: string, width: number): Buffer {
  return Buffer.from(new Resvg(svg, { fitTo: { mode: 'width', value: width } }).render().asPng());
}

/** A drawing as an .ico file: a directory of PNG files. */
export function ico(svg: string, sizes: readonly number[]): Buffer {
  const images = sizes.map((size) => png(svg, size));
  const header = Buffer.alloc(6 + 16 * sizes.length);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(sizes.length, 4);
  let offset = header.length;
  for (const [index, image] of images.entries()) {
    const entry = header.subarray(6 + 16 * index);
    const size = sizes[index] ?? 0;
    entry.writeUInt8(size % 256, 0);
    entry.writeUInt8(size % 256, 1);
    entry.writeUInt16LE(1, 4);
    entry.writeUInt16LE(32, 6);
    entry.writeUInt32LE(image.length, 8);
    entry.writeUInt32LE(offset, 12);
    offset += image.length;
  }
  return Buffer.concat([header, ...images]);
}

/** A drawing as an .icns file: typed PNG files, one after the other. */
export function icns(svg: string): Buffer {
  const entries = ICNS_ENTRIES.map(([type, size]) => chunk(type, png(svg, size)));
  return chunk('icns', Buffer.concat(entries));
}

function chunk(type: string, data: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.write(type, 'latin1');
  header.writeUInt32BE(8 + data.length, 4);
  return Buffer.concat([header, data]);
}

/** Every file of icons, by its name. */
export function* icons(icon: string, tray: string): Generator<[name: string, data: Buffer]> {
  yield ['icon.png', png(icon, 1024)];
  yield ['icon.ico', ico(icon, WINDOWS_SIZES)];
  yield ['icon.icns', icns(icon)];
  for (const size of LINUX_SIZES) yield [`icons/${size}x${size}.png`, png(icon, size)];
  for (const [state, { color, shape }] of Object.entries(TRAY_STATES)) {
    const drawn = (ink: string) => tray.replace(/<[^<]*id="state".*\/>/, shape.replace('INK', ink));
    const coloured = drawn(color);
    const template = drawn('#000').replace(/ color="[^"]*"/, ' color="#000"');
    yield [`tray-${state}.png`, png(withMargin(coloured), 22)];
    yield [`tray-${state}@2x.png`, png(withMargin(coloured), 44)];
    yield [`tray-${state}Template.png`, png(withMargin(template), 22)];
    yield [`tray-${state}Template@2x.png`, png(withMargin(template), 44)];
    yield [`tray-${state}.ico`, ico(coloured, WINDOWS_TRAY_SIZES)];
  }
}

/** 16 pixels in the middle of the 22 that panels and menu bars have. */
function withMargin(tray: string): string {
  return tray.replace('viewBox="0 0 16 16"', 'viewBox="-3 -3 22 22"');
}

/** Whether the last file that is written is newer than what it is made of. */
function areNew(): boolean {
  const made = statSync(new URL('tray-error.ico', OUTPUT), { throwIfNoEntry: false });
  const sources = [ICON, TRAY, new URL(import.meta.url)];
  return made !== undefined && sources.every((source) => statSync(source).mtimeMs < made.mtimeMs);
}

if (process.argv[1] === import.meta.filename && !areNew()) {
  await loadRenderer();
  mkdirSync(new URL('icons/', OUTPUT), { recursive: true });
  for (const [name, data] of icons(readFileSync(ICON, 'utf8'), readFileSync(TRAY, 'utf8'))) {
    writeFileSync(new URL(name, OUTPUT), data);
  }
}
