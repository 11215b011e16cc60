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

const roots: Root[] = [];

export function initialize(root: Root): void {
  roots.push(root);
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
