import * as module from 'node:module';
import { pathToFileURL } from 'node:url';
import { loadedAgain, type Root, resolveFor } from './resolving.js';

/** What an extension gets when it imports `picosocks5`: what runs, whatever else is installed. */
const OWN = new URL('../index.js', import.meta.url).href;

/** The part of `node:module` that Node has from 22.15 on: hooks in this thread. */
interface HooksInThread {
  registerHooks?(hooks: {
    resolve(
      specifier: string,
      context: { readonly parentURL?: string | undefined },
      next: (specifier: string, context: object) => { url: string },
    ): { url: string; shortCircuit?: boolean };
  }): unknown;
}

const roots: Root[] = [];
/** How often an extension's code was loaded, by its folder. */
const loads = new Map<string, number>();

/**
 * Imports the code of an extension. What it imports as `picosocks5` is this package.
 *
 * @param folder without symbolic links.
 * @param isFresh whether what was imported of the folder before is not to be taken again.
 */
export async function loadCode(folder: string, main: string, isFresh: boolean): Promise<unknown> {
  const root: Root = { url: `${pathToFileURL(folder).href}/`, own: OWN };
  if (!roots.some(({ url }) => url === root.url)) addRoot(root);
  const count = loads.get(folder) ?? 0;
  const load = isFresh || count === 0 ? count + 1 : count;
  loads.set(folder, load);
  const url = pathToFileURL(main).href;
  return import(load === 1 ? url : `${url}?load=${load}`);
}

function addRoot(root: Root): void {
  const { registerHooks } = module as HooksInThread;
  roots.push(root);
  if (registerHooks === undefined) {
    // In a thread of their own, which gets each root for itself.
    module.register('./resolving.js', import.meta.url, { data: root });
  } else if (roots.length === 1) {
    registerHooks({
      resolve: (specifier, context, next) => {
        const found = resolveFor(roots, specifier, context.parentURL);
        if (found !== undefined) return { url: found, shortCircuit: true };
        const { url, ...rest } = next(specifier, context);
        return { ...rest, url: loadedAgain(roots, url, context.parentURL) };
      },
    });
  }
}
