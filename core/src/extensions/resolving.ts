import type { MessagePort } from 'node:worker_threads';

/** A folder whose modules get this package as `picosocks5`. */
export interface Root {
  /** Ends with a slash. */
  readonly url: string;
  /** What they get. */
  readonly own: string;
}

/** The URL of what a module of an extension imports, if that is this package. */
export function resolveFor(
  roots: readonly Root[],
  specifier: string,
  parent: string | undefined,
): string | undefined {
  if (specifier !== 'picosocks5' || parent === undefined) return undefined;
  return roots.find(({ url }) => parent.startsWith(url))?.own;
}

// The same as hooks of module.register() (Node before 22.15), which live in a thread of their own.

/** What the thread of the hooks is given, for each root. */
export interface HooksThread {
  readonly root: Root;
  /** Takes what nobody catches in the thread; only with the first one. */
  readonly failures?: MessagePort;
}

const roots: Root[] = [];

export function initialize({ root, failures }: HooksThread): void {
  roots.push(root);
  if (failures === undefined) return;
  const tell = (error: unknown) => {
    try {
      failures.postMessage(error);
    } catch {
      failures.postMessage(new Error('a failure that cannot be copied'));
    }
  };
  process.on('uncaughtException', tell);
  process.on('unhandledRejection', tell);
}

interface Resolved {
  readonly url: string;
  readonly shortCircuit?: boolean;
}

export async function resolve(
  specifier: string,
  context: { readonly parentURL?: string },
  next: (specifier: string, context: object) => Promise<Resolved>,
): Promise<Resolved> {
  const { parentURL: parent } = context;
  const own = resolveFor(roots, specifier, parent);
  if (own !== undefined) return { url: own, shortCircuit: true };
  const found = await next(specifier, context);
  return { ...found, url: loadedAgain(roots, found.url, parent) };
}

/** What an extension imports of its own is loaded as often as it is itself: `?load=2`. */
export function loadedAgain(
  within: readonly Root[],
  url: string,
  parent: string | undefined,
): string {
  const [query] = /\?load=\d+$/.exec(parent ?? '') ?? [];
  if (query === undefined || url.includes('?')) return url;
  const isOwn = within.some((root) => parent?.startsWith(root.url) && url.startsWith(root.url));
  return isOwn ? url + query : url;
}
