import * as module from 'node:module';
import { join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
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

/** The part of `node:module` that resolves what `require()` is given: it has no documented hook. */
interface CommonJsResolution {
  _resolveFilename(
    this: unknown,
    request: string,
    parent: { readonly filename?: string | null } | null | undefined,
    ...rest: unknown[]
  ): string;
}

const roots: Root[] = [];
/** How often an extension's code was loaded, and which it was last, by its folder. */
const loads = new Map<string, { readonly count: number; readonly code: string | undefined }>();

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
 * @param code what the code is: what was imported of the folder before is not taken again if that
 *   was another one, or could not be imported.
 * @param isFresh whether it is not taken again in any case.
 */
export async function loadCode(
  folder: string,
  main: string,
  code: string,
  isFresh: boolean,
): Promise<unknown> {
  const { count, code: before } = loads.get(folder) ?? { count: 0, code: undefined };
  const isSame = count > 0 && before === code && !isFresh;
  const load = isSame ? count : count + 1;
  loads.set(folder, { count: load, code });
  if (count > 0 && !isSame) forgetCommonJs(folder);
  const url = pathToFileURL(main).href;
  try {
    return await import(load === 1 ? url : `${url}?load=${load}`);
  } catch (error) {
    loads.set(folder, { count: load, code: undefined });
    throw error;
  }
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
    if (roots.length === 1) resolveRequired();
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

/** Hooks in a thread see what is imported, and nothing of what is required. */
function resolveRequired(): void {
  const commonJs = module.Module as unknown as CommonJsResolution;
  const { _resolveFilename: resolveFilename } = commonJs;
  commonJs._resolveFilename = function (request, parent, ...rest) {
    const from = parent?.filename ? pathToFileURL(parent.filename).href : undefined;
    const found = resolveFor(roots, request, from);
    if (found !== undefined) return fileURLToPath(found);
    return resolveFilename.call(this, request, parent, ...rest);
  };
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
