import { existsSync } from 'node:fs';

/**
 * What Wine does otherwise than Windows, each seen with a few lines of Node alone: tests that need
 * it are skipped there, or expect what Wine does.
 */
const DIFFERENCES = {
  reset:
    'Wine makes an end of a reset that comes while nobody reads, as at once after it has connected',
  links:
    'Wine does not tell that node_modules/picosocks5 is a link: its modules are others than those of core/',
  source:
    'Wine sends datagrams of a socket that is bound to another address than 127.0.0.1 from there',
  names:
    'under Wine a name that did not resolve when the server started is still none when a client comes',
  bind: 'Wine has a socket bound to an address that there is not',
  tools: 'the compiler and the bundler are installed for the machine that Wine runs on',
} as const;

/** Whether this is Node for Windows under Wine, where Z: is the root of what Wine runs on. */
const isWine = process.platform === 'win32' && existsSync('Z:\\proc\\self');

/** The reason for a skip under Wine; undefined elsewhere. */
export function wine(difference: keyof typeof DIFFERENCES): string | undefined {
  return isWine ? DIFFERENCES[difference] : undefined;
}
