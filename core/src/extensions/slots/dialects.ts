import type { AuthenticationMethod } from '../../auth/method.js';
import type { Dialect, Dialogue, Identification } from '../../session/dialect.js';
import { facade, octets, view } from '../views.js';
import { encapsulationView } from './encapsulation.js';
import { authenticatedOf, authenticationView, reader } from './methods.js';
import { demandMethod, type Owner, thenTake } from './owner.js';
import { bytesOf } from './sources.js';

/** A protocol of an extension: it is asked about clients that speak none of those before it. */
export function dialectSlot(id: string, item: object, owner: Owner): Dialect {
  const recognizes = demandMethod(item, 'recognizes', owner);
  const identify = demandMethod(item, 'identify', owner);
  const readRequest = demandMethod(item, 'readRequest', owner);
  const encode = demandMethod(item, 'encode', owner);
  return {
    id,
    recognizes(input) {
      try {
        const answer = recognizes(octets(input));
        return answer === undefined ? undefined : answer === true;
      } catch (error) {
        owner.failed(`recognizing the dialect "${id}"`, error);
        return false;
      }
    },
    async identify(dialogue, by) {
      const answer = identify(dialogueView(dialogue, owner), identificationView(by, owner));
      return thenTake(answer, owner, (given) => {
        const identity = authenticatedOf(given, owner);
        if (identity === undefined) throw new Error('it gave no identity');
        return identity;
      });
    },
    async readRequest(dialogue) {
      return thenTake(readRequest(dialogueView(dialogue, owner)), owner, requestOf);
    },
    encode(...args) {
      try {
        return bytesOf(encode(...args.map((value) => view(value))));
      } catch (error) {
        owner.failed(`an answer in the dialect "${id}"`, error);
        return new Uint8Array();
      }
    },
  };
}

function requestOf(given: unknown) {
  const { command, destination } = (given ?? {}) as Partial<Record<string, unknown>>;
  const { host, port } = (destination ?? {}) as Partial<Record<string, unknown>>;
  const isPort = typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65535;
  if (typeof command !== 'number' || typeof host !== 'string' || host === '' || !isPort) {
    throw new Error('it read a request without a command and a destination');
  }
  return { command, destination: { host, port } };
}

function dialogueView(dialogue: Dialogue, owner: Owner): Dialogue {
  return facade({
    read: reader((parse) => dialogue.read(parse), owner),
    peek: reader((parse) => dialogue.peek(parse), owner),
    write: (bytes: Uint8Array) => {
      const copy = bytesOf(bytes);
      owner.outside(() => dialogue.write(copy));
    },
  });
}

function identificationView(by: Identification, owner: Owner): Identification {
  const { client, methods, authentication, identity, socks4, http } = by;
  return facade({
    client,
    methods: Object.freeze(Array.from(methods, (method) => methodView(method, owner))),
    authentication: authenticationView(authentication, owner),
    identity: identity && Object.freeze({ ...identity }),
    socks4,
    http,
    chose: (method: string) => owner.outside(() => by.chose(owner.words(method))),
  });
}

/** A method that a dialect may have a client authenticate by. */
function methodView(method: AuthenticationMethod, owner: Owner): AuthenticationMethod {
  const { id, code, strength, refusal } = method;
  return facade({
    ...{ id, code, strength },
    ...(refusal && { refusal: octets(refusal) }),
    available: (authentication) => owner.outside(() => method.available(authentication)),
    authenticate: (exchange) =>
      owner.outside(async () => {
        const result = await method.authenticate(exchange);
        if ('failure' in result) return result;
        const encapsulation = encapsulationView(result.encapsulation, owner);
        return { ...result, ...(encapsulation && { encapsulation }) };
      }),
  });
}
