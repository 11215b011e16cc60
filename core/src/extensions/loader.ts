import * as module from 'node:module';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { type HooksThread, loadedAgain, type Root, resolveFor } from './resolving.js';

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
 * Prepares for the code of an extension: what it imports as `picosocks5` is this package. That
 * takes a thread on some versions of Node, whose start is not to be laid at an extension's door.
 *
 * @param folder without symbolic links.
 */
export function prepareFor(folder: string): void {
  const root: Root = { url: `${pathToFileURL(folder).href}/`, own: OWN };
  if (!roots.some(({ url }) => url === root.url)) addRoot(root);
}

/**
 * Imports the code of an extension, after {@link prepareFor}.
 *
 * @param folder without symbolic links.
 * @param isFresh whether what was imported of the folder before is not to be taken again.
 */
export async function loadCode(folder: string, main: string, isFresh: boolean): Promise<unknown> {
  const count = loads.get(folder) ?? 0;
  const load = isFresh || count === 0 ? count + 1 : count;
  loads.set(folder, load);
  if (count > 0 && load !== count) forgetCommonJs(folder);
  const url = pathToFileURL(main).href;
  return import(load === 1 ? url : `${url}?load=${load}`);
}

/** What is no ES module is kept by its name alone. */
function forgetCommonJs(folder: string): void {
  const { cache } = module.createRequire(import.meta.url);
  const dependencies = join(folder, 'node_modules') + sep;
  for (const file of Object.keys(cache)) {
    if (file.startsWith(folder + sep) && !file.startsWith(dependencies)) delete cache[file];
  }
}

function addRoot(root: Root): void {
  const { registerHooks } = module as HooksInThread;
  roots.push(root);
  if (registerHooks === undefined) {
    // In a thread of their own, which gets each root for itself.
    registerInThread(root);
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

/**
 * Node ends the process when the thread of the hooks fails, and runs there what `NODE_OPTIONS=-r`
 * names, such as an agent of a monitoring system: so its failures are thrown here, where the program
 * survives them.
 */
function registerInThread(root: Root): void {
  if (roots.length > 1) {
    const data: HooksThread = { root };
    module.register('./resolving.js', import.meta.url, { data });
    return;
  }
  const { port1, port2 } = new MessageChannel();
  port1.on('message', (error: unknown) => {
    throw error;
  });
  port1.unref();
  const data: HooksThread = { root, failures: port2 };
  module.register('./resolving.js', import.meta.url, { data, transferList: [port2] });
}
