import type { Point } from '../manifest.js';
import type { Registries } from '../registries.js';
import { dialectSlot } from './dialects.js';
import { layerSlot } from './layers.js';
import { methodSlot } from './methods.js';
import { outboundSlot } from './outbounds.js';
import type { Owner } from './owner.js';
import { policySlot } from './policies.js';
import { resolverSlot } from './resolvers.js';
import { sinkSlot } from './sinks.js';
import { sourceFormatSlot } from './sources.js';
import { stateSlot } from './states.js';

/** What stands in a registry. */
export interface Item {
  readonly id: string;
}

/** How what an extension registers becomes what the server asks: of each registry. */
const makers: Readonly<Record<Point, (id: string, item: object, owner: Owner) => Item>> = {
  layers: layerSlot,
  dialects: dialectSlot,
  authenticationMethods: methodSlot,
  authenticationSources: sourceFormatSlot,
  accessPolicies: policySlot,
  outbounds: outboundSlot,
  resolvers: resolverSlot,
  eventSinks: sinkSlot,
  sharedStates: stateSlot,
};

/**
 * What the server asks in the place of an item of an extension: it runs the item's code in the
 * extension's name, gives it copies, and takes from it only what is right.
 *
 * @throws {UserError} if the item lacks something.
 */
export function makeSlot(point: Point, id: string, item: object, owner: Owner): Item {
  return makers[point](id, item, owner);
}

/**
 * Whether a registry has something that options ask for.
 *
 * @param id or, of ways out and resolvers that have any, the scheme of a URL.
 * @param isWanted whether an item counts.
 */
export function has(
  registries: Registries,
  point: Point,
  id: string,
  isWanted: (item: Item) => boolean = () => true,
): boolean {
  const items: Iterable<Item & { readonly schemes?: readonly string[] }> = registries[point];
  const byScheme = point === 'outbounds' || point === 'resolvers';
  return [...items].some(
    (item) =>
      (byScheme ? (item.schemes?.includes(id) ?? item.id === id) : item.id === id) &&
      isWanted(item),
  );
}

/** The registries that extensions may register in. */
export function pointNames(registries: Registries): Point[] {
  return (Object.keys(registries) as Point[]).filter((point) => Object.hasOwn(makers, point));
}
