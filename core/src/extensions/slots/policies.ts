import type { AccessPolicy, AccessRequest, ClientContext, Verdict } from '../../access/policy.js';
import type { CommandName } from '../../protocol/socks5.js';
import { octets, view } from '../views.js';
import { methodOf, type Owner, thenTake } from './owner.js';

/** An access policy of an extension: what it is asked it cannot change, and what it says is checked. */
export function policySlot(id: string, item: object, owner: Owner): AccessPolicy {
  const ask = (name: 'onConnect' | 'onAuthenticated' | 'onRequest' | 'onAddress') =>
    methodOf(item, name, owner);
  const onConnect = ask('onConnect');
  const onAuthenticated = ask('onAuthenticated');
  const onRequest = ask('onRequest');
  const onAddress = ask('onAddress');
  const explain = methodOf(item, 'explain', owner);
  const verdict = (given: unknown) =>
    thenTake(given, owner, (value) => denialOf(value, owner)) as Verdict;
  return {
    id,
    answerTime: owner.answerTime,
    ...(onConnect && {
      onConnect: (client: Uint8Array, listener: string) =>
        verdict(onConnect(octets(client), listener)),
    }),
    ...(onAuthenticated && {
      onAuthenticated: (client: ClientContext) => verdict(onAuthenticated(view(client))),
    }),
    ...(onRequest && {
      onRequest: (client: ClientContext, command: CommandName) =>
        verdict(onRequest(view(client), command)),
    }),
    ...(onAddress && {
      onAddress: (request: AccessRequest) => verdict(onAddress(view(request))),
    }),
    ...(explain && {
      explain: (request: AccessRequest) =>
        thenTake(explain(view(request)), owner, (value) =>
          value === undefined ? undefined : owner.words(value),
        ),
    }),
  };
}

/** An answer as the server takes it; what is none is left as it is, for who asks to say so. */
function denialOf(answer: unknown, owner: Owner): unknown {
  if (typeof answer !== 'object' || answer === null || !('by' in answer)) return answer;
  const { by, byDefault } = answer as { by: unknown; byDefault?: unknown };
  if (typeof by !== 'string') return answer;
  const denial = { by: owner.words(by) };
  return byDefault === true ? { ...denial, byDefault } : denial;
}
