import { constants, openSync, type Stats } from 'node:fs';
import { isatty } from 'node:tty';

/**
 * A descriptor for the same pipe or terminal as another one, whose writes fail with EAGAIN where
 * they would block: a thread that is blocked in write(2) keeps a process from ending for good
 * (pipe(7), open(2) O_NONBLOCK). It is of this process alone where the system allows that, so that
 * others who write to the same pipe are not changed.
 *
 * @param fd stderr, or another descriptor that was inherited.
 * @param stats of it.
 */
export function withoutBlocking(fd: number, stats: Stats): number {
  const isTerminal = isatty(fd);
  if (process.platform === 'win32' || !(isTerminal || stats.isFIFO() || stats.isSocket()))
    return fd;
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
  const name = process.platform === 'linux' ? `/proc/self/fd/${fd}` : isTerminal ? '/dev/tty' : '';
  try {
    if (name !== '') return openSync(name, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    // A socket, or a pipe or terminal of somebody else, cannot be opened again.
  }
  // Node sets O_NONBLOCK on a pipe or socket when it makes this stream of it.
  if (fd === 2 && !isTerminal) void process.stderr.writable;
  return fd;
}
