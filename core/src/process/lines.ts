import type { Readable } from 'node:stream';

/** What may wait for the end of its line, characters. */
const MAX_LINE = 64 * 1024;

/**
 * Reads whole lines from a stream, many at once, so that those of several processes do not mix.
 *
 * @param take gets one or more lines without the last line feed.
 */
export function readLines(stream: Readable, take: (lines: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const all = rest + text;
    const end = all.length > MAX_LINE && !text.includes('\n') ? all.length : all.lastIndexOf('\n');
    if (end >= 0) take(all.slice(0, end));
    rest = all.slice(end + 1);
  });
  stream.on('error', () => {});
  stream.once('end', () => {
    if (rest !== '') take(rest);
  });
}
