import './threadpool.js';
import { statSync } from 'node:fs';

/** When a file was changed, ms; 0 if there is none. */
function changed(file: string): number {
  const stats = statSync(new URL(file, import.meta.url), { throwIfNoEntry: false });
  return stats?.mtimeMs ?? 0;
}

// The same modules in few files, which are found and read in less time; one by one for who has just
// changed some of them. A packed app has no .tsbuildinfo.
const isBuilt =
  changed('../program/common/app.js') >
  Math.max(changed('.tsbuildinfo'), changed('../../core/dist/.tsbuildinfo'));
const program = isBuilt ? '../program/common/app.js' : './app.js';
await import(program);
