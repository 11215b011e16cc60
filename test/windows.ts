import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** The folders of tests that need nothing but Node: those of the window need its bundler, too. */
const FOLDERS = ['unit/core', 'unit/main', 'unit/bench', 'server/', 'cli/'];

/**
 * Commands about extensions: most of their tests go by signals, /proc or npm, which are not there, and
 * wait for them in vain. What looks at sources needs the compiler, which is the one of this system.
 */
const LEFT_OUT = ['-cli/extension', '-words/literals'];

/** Where Node for Windows finds a file of this machine: for Wine, Z: is its root. */
function windowsPath(path: string): string {
  return `Z:${path.replaceAll('/', '\\')}`;
}

/** Runs the server's tests with another command for Node. @returns the exit status. */
async function runWith(node: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'picosocks5-windows-'));
  const file = join(folder, 'output');
  try {
    // Into a file: Node under Wine cannot open a pipe of Linux as its output.
    const output = openSync(file, 'a');
    const child = spawn(
      node,
      [windowsPath(join(import.meta.dirname, 'run.js')), ...FOLDERS, ...LEFT_OUT],
      {
        env: { ...process.env, CI: 'false' },
        stdio: ['ignore', output, output],
      },
    );
    const [status] = await once(child, 'close');
    await pipeline(createReadStream(file), process.stdout, { end: false });
    return status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const node = process.env['PICOSOCKS5_WINDOWS_NODE'];
if (process.platform === 'win32') {
  process.stdout.write('skipped: this is Windows, where npm test runs all that can run\n');
} else if (node === undefined || node === '') {
  process.stdout.write(
    'skipped: PICOSOCKS5_WINDOWS_NODE names no command that runs Node for Windows under Wine\n',
  );
} else process.exitCode = await runWith(node);
