import { UserError } from '../../base/errors.js';
import type { Registry } from '../../base/registry.js';
import type { ResolverProvider, ResolverTools } from '../lookup.js';
import { Resolver } from '../resolve.js';
import { resolverName, SYSTEM, schemeOf } from './builtin.js';
import { type ChainMember, ResolverChain } from './chain.js';

interface Opened {
  readonly resolver: Resolver;
  readonly chain: ResolverChain;
}

/**
 * The resolvers of a server: the system's, and those that `--resolver` names or has named, as there
 * may be connections from before a reload. Each list of them is opened once.
 */
export class ResolverPool {
  /** Looks names up as the system does: those of the configuration, of resolvers themselves. */
  readonly system = new Resolver();
  readonly #providers: Registry<ResolverProvider>;
  readonly #opened = new Map<string, Opened>();

  constructor(providers: Registry<ResolverProvider>) {
    this.#providers = providers;
  }

  /**
   * The resolver that asks some others in their order; the system's if none is named.
   *
   * @param providers what opens those that are not open.
   * @throws {UserError} if one of them cannot be opened.
   */
  of(texts: readonly string[], providers = this.#providers): Resolver {
    if (texts.every((text) => text.toLowerCase() === SYSTEM)) return this.system;
    const key = JSON.stringify(texts);
    const known = this.#opened.get(key);
    if (known !== undefined) return known.resolver;
    const chain = new ResolverChain(texts.map((text) => this.#open(text, [...providers])));
    const resolver = new Resolver(undefined, undefined, chain);
    this.#opened.set(key, { resolver, chain });
    return resolver;
  }

  /** Gives up all look-ups, and lets go of connections. */
  close(): void {
    for (const { resolver, chain } of this.#opened.values()) {
      resolver.close();
      chain.dispose();
    }
    this.#opened.clear();
    this.system.close();
  }

  #open(text: string, providers: readonly ResolverProvider[]): ChainMember {
    const scheme = schemeOf(text);
    const provider = providers.findLast(({ schemes }) => schemes.includes(scheme));
    const name = resolverName(text);
    try {
      if (provider !== undefined) return { name, resolver: provider.open(text, this.#tools) };
      const known = providers.flatMap(({ schemes }) => schemes);
      const expected = known.map((one) => (one === SYSTEM ? one : `${one}://`)).join(', ');
      throw new UserError(`"${name}": unknown scheme; expected ${expected}`);
    } catch (error) {
      throw UserError.at('resolver', error, { code: 'invalid-option', option: 'resolver' });
    }
  }

  readonly #tools: ResolverTools = {
    resolve: (host) => this.system.resolve(host),
    lookup: ({ name, family, client, cancellation }) =>
      this.system.resolve(name, { family, client, cancellation }),
  };
}
