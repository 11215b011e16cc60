import { Cancellation } from '../../base/cancellation.js';
import type {
  NameAnswer,
  NameQuestion,
  NameResolver,
  ResolverProvider,
  ResolverTools,
} from '../../outbound/lookup.js';
import { facade } from '../views.js';
import { demandMethod, methodOf, type Owner, schemesOf, thenTake } from './owner.js';

/** Resolvers of an extension: what opens the URLs of `--resolver` that have its schemes. */
export function resolverSlot(id: string, item: object, owner: Owner): ResolverProvider {
  const open = demandMethod(item, 'open', owner);
  const schemes = schemesOf('resolvers', id, item, owner) ?? [id];
  return {
    id,
    schemes,
    open(url, tools) {
      try {
        const resolver = open(url, toolsView(tools, owner));
        if (typeof resolver === 'object' && resolver !== null) return namesSlot(resolver, owner);
        throw new Error(`opening a resolver of "${id}" gave a ${typeof resolver}`);
      } catch (error) {
        throw owner.mistake(error);
      }
    },
  };
}

function namesSlot(resolver: object, owner: Owner): NameResolver {
  const lookup = demandMethod(resolver, 'lookup', owner);
  const dispose = methodOf(resolver, 'dispose', owner);
  return {
    async lookup(question) {
      return thenTake(lookup(questionView(question)), owner, answerOf);
    },
    ...(dispose && {
      dispose() {
        try {
          if (!owner.isOff) dispose();
        } catch (error) {
          owner.failed('closing a resolver', error);
        }
      },
    }),
  };
}

function questionView({ name, family, client, signal, cancellation }: NameQuestion): NameQuestion {
  const token = facade({
    get cancelled() {
      return cancellation.cancelled;
    },
    on: (listener: () => void) => cancellation.on(listener),
    off: (listener: () => void) => cancellation.off(listener),
  });
  return facade({ name, family, client, signal, cancellation: token });
}

function toolsView(tools: ResolverTools, owner: Owner): ResolverTools {
  return facade({
    resolve: (host: string) => owner.outside(() => tools.resolve(String(host))),
    lookup: (question: Partial<NameQuestion>) => {
      const { name, family, client = '', cancellation = new Cancellation() } = question;
      const asked = { name: String(name), family, client: String(client), cancellation };
      const signal = question.signal ?? new AbortController().signal;
      return owner.outside(() => tools.lookup({ ...asked, signal }));
    },
  });
}

/** @throws if it is none. */
function answerOf(given: unknown): NameAnswer {
  const { addresses, ttl = 0 } = (given ?? {}) as Partial<Record<string, unknown>>;
  const isList = Array.isArray(addresses) && addresses.every((one) => typeof one === 'string');
  if (!isList || typeof ttl !== 'number') throw new Error('it gave no list of addresses');
  return { addresses: [...addresses], ttl };
}
