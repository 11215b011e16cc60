import { type ChildProcess, spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { context } from 'esbuild';
import { BUNDLES, copyPage } from './desktop.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** How long after the last change something is done about it, ms: compilers write many files. */
const SETTLE = 300;

/** Calls back once some folders have come to rest after a change. */
function onChange(folders: readonly string[], changed: () => void): void {
  let timer: NodeJS.Timeout | undefined;
  for (const folder of folders) {
    watch(`${root}${folder}`, { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(changed, SETTLE);
    });
  }
}

/** The app: started again when main or core have changed, its window reloaded for the rest. */
class DevelopmentApp {
  #child: ChildProcess | undefined;

  start(): void {
    const electron = createRequire(import.meta.url)('electron') as unknown as string;
    const child = spawn(electron, [root, ...process.argv.slice(2)], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    child.once('exit', (status) => {
      if (this.#child === child) process.exit(status ?? 1);
    });
  }

  restart(): void {
    const old = this.#child;
    this.#child = undefined;
    old?.once('exit', () => this.start());
    old?.kill();
  }

  reload(): void {
    this.#child?.send('reload');
  }
}

await copyPage();
for (const options of BUNDLES) await (await context(options)).watch();
spawn('npx', ['tsc', '-b', '--watch', '--preserveWatchOutput'], { cwd: root, stdio: 'inherit' });

const app = new DevelopmentApp();
app.start();
onChange(['main/dist', 'core/dist'], () => app.restart());
onChange(['renderer/dist'], () => app.reload());
onChange(['renderer/index.html'], () => void copyPage());
