import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** SOCKS servers for Node that others have written. */
export const NPM_SUBJECTS = [
  { id: 'simple-socks', module: 'simple-socks', version: '3' },
  { id: 'pondwader', module: '@pondwader/socks5-server', version: '1' },
] as const;

/** A temporary folder with these servers, which are not the project's dependencies. */
export class NpmFolder {
  #folder: string | undefined;
  #reason: string | undefined;

  /** @throws {Error} if npm could not fetch it. @returns the file to import. */
  resolve(module: string): string {
    this.#folder ??= this.#fetch();
    if (this.#reason !== undefined) throw new Error(this.#reason);
    return createRequire(join(this.#folder, 'x.js')).resolve(module);
  }

  /** The version that was fetched. */
  version(module: string): string | undefined {
    if (this.#folder === undefined || this.#reason !== undefined) return undefined;
    const file = join(this.#folder, 'node_modules', module, 'package.json');
    return JSON.parse(readFileSync(file, 'utf8')).version;
  }

  remove(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  #fetch(): string {
    const folder = mkdtempSync(join(tmpdir(), 'picosocks5-bench-npm-'));
    const names = NPM_SUBJECTS.map(({ module, version }) => `${module}@${version}`);
    const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    const { status, error } = spawnSync(
      'npm',
      ['install', ...options, '--prefix', folder, ...names],
      { stdio: 'ignore', timeout: 90_000 },
    );
    if (status !== 0) this.#reason = `npm cannot fetch it: ${error?.message ?? `status ${status}`}`;
    return folder;
  }
}
