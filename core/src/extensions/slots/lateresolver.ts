import type {
  NameAnswer,
  NameQuestion,
  NameResolver,
  ResolverProvider,
  ResolverTools,
} from '../../outbound/lookup.js';

/**
 * A resolver of an extension, opened when it is first asked, and anew when the extension was
 * activated anew: who asks it may do so from before the one to after the other.
 */
export class LateResolver implements NameResolver {
  readonly #find: () => ResolverProvider | undefined;
  readonly #url: string;
  readonly #tools: ResolverTools;
  #provider: ResolverProvider | undefined;
  #resolver: NameResolver | undefined;

  /** @param find what opens the URL at the moment, if anything does. */
  constructor(find: () => ResolverProvider | undefined, url: string, tools: ResolverTools) {
    this.#find = find;
    this.#url = url;
    this.#tools = tools;
  }

  async lookup(question: NameQuestion): Promise<NameAnswer> {
    const provider = this.#find();
    if (provider === undefined) throw new Error('its extension is not active');
    if (provider !== this.#provider || this.#resolver === undefined) {
      this.dispose();
      this.#resolver = provider.open(this.#url, this.#tools);
      this.#provider = provider;
    }
    return this.#resolver.lookup(question);
  }

  dispose(): void {
    this.#resolver?.dispose?.();
    this.#resolver = undefined;
  }
}
