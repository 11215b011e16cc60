import type {
  AccessPolicy,
  AccessRequest,
  ClientContext,
  IpAddress,
  Verdict,
} from '../../access/policy.js';
import { formatIP } from '../../protocol/ip.js';
import type { CommandName } from '../../protocol/socks5.js';
import { facade, octets, view } from '../views.js';
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
        verdict(onConnect(ipView(client), listener)),
    }),
    ...(onAuthenticated && {
      onAuthenticated: (client: ClientContext) => verdict(onAuthenticated(clientView(client))),
    }),
    ...(onRequest && {
      onRequest: (client: ClientContext, command: CommandName) =>
        verdict(onRequest(clientView(client), command)),
    }),
    ...(onAddress && {
      onAddress: (request: AccessRequest) => verdict(onAddress(requestView(request))),
    }),
    ...(explain && {
      explain: (request: AccessRequest) =>
        thenTake(explain(requestView(request)), owner, (value) => reasonOf(value, owner)),
    }),
  };
}

const asText: PropertyDescriptor = {
  get(this: Uint8Array) {
    return formatIP(this);
  },
};

/** A copy of an IP address; its text is made when it is asked for. */
function ipView(ip: Uint8Array): IpAddress {
  return Object.defineProperty(octets(ip), 'host', asText) as IpAddress;
}

function clientView(client: ClientContext): ClientContext<IpAddress> {
  return facade({ ...view(client), client: ipView(client.client) });
}

function requestView(request: AccessRequest): AccessRequest<IpAddress> {
  const { client, address } = request;
  return facade({
    ...view(request),
    client: ipView(client),
    address: address && ipView(address),
  });
}

/** Why a policy allows a request; one that answers as it is asked whether it denies is understood. */
function reasonOf(answer: unknown, owner: Owner): string | undefined {
  if (answer === undefined || answer === null) return undefined;
  const isDenial = typeof answer === 'object' && 'by' in answer;
  return owner.words(isDenial ? answer.by : answer);
}

/** An answer as the server takes it; what is none is left as it is, for who asks to say so. */
function denialOf(answer: unknown, owner: Owner): unknown {
  if (typeof answer !== 'object' || answer === null || !('by' in answer)) return answer;
  const { by, byDefault } = answer as { by: unknown; byDefault?: unknown };
  if (typeof by !== 'string') return answer;
  const denial = { by: owner.words(by) };
  return byDefault === true ? { ...denial, byDefault } : denial;
}
