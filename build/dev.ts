import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { watch } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { context } from 'esbuild';
import { BUNDLES, copyPage } from './desktop.js';
import { buildExtensions } from './extensions.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** How long after the last change something is done about it, ms: editors write more than once. */
const SETTLE = 300;

/** Calls back once a folder, what is built in it aside, has come to rest after a change. */
function onChange(folder: string, changed: () => void): void {
  let timer: NodeJS.Timeout | undefined;
  watch(`${root}${folder}`, { recursive: true }, (_event, file) => {
    if (file !== null && /(^|[/\\])dist([/\\]|$)/.test(file)) return;
    clearTimeout(timer);
    timer = setTimeout(changed, SETTLE);
  });
}

/** Compiles all that has changed. @returns whether it could. */
function compile(): boolean {
  const compiler = `${root}node_modules/typescript/bin/tsc`;
  return (
    spawnSync(process.execPath, [compiler, '-b'], { cwd: root, stdio: 'inherit' }).status === 0
  );
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
const contexts = await Promise.all(BUNDLES.map((options) => context(options)));
const bundle = () => Promise.all(contexts.map((each) => each.rebuild()));
await bundle();

const app = new DevelopmentApp();
app.start();
for (const folder of ['core/src', 'core/extensions', 'main']) {
  onChange(folder, async () => {
    if (compile())
      await Promise.all([bundle(), buildExtensions()]).then(() => app.restart(), report);
  });
}
onChange('renderer', () =>
  copyPage()
    .then(bundle)
    .then(() => app.reload(), report),
);

/** esbuild has said what is wrong; the next change may mend it. */
function report(): void {
  process.stderr.write('not reloaded\n');
}
