import {
  type CheckResult,
  createServer,
  type Server,
  type ServerOptions,
  UserError,
} from 'picosocks5';
import {
  partsOfDestination,
  type RouteAnswer,
  type RouteQuestion,
  type UpstreamTest,
} from '../ipc/contract.js';
import { text } from '../words/words.js';

/** Nobody reaches a server that only answers questions, and it does not listen there either. */
export const NOWHERE = ['127.0.0.1:0'];

/**
 * Which way a request would take, by what is in force in a server.
 *
 * @throws {UserError} if the destination is none, there is no such user, or a name cannot be resolved.
 */
export async function askRoute(server: Server, question: RouteQuestion): Promise<RouteAnswer> {
  const { user, command, destination } = question;
  const parts = partsOfDestination(destination);
  if (parts === undefined) {
    throw new UserError(text('server.destinationExpected', { destination }));
  }
  try {
    return answerOf(await server.check(user === '' ? undefined : user, command, parts));
  } catch (error) {
    throw error instanceof UserError ? new UserError(sentence(error.message)) : error;
  }
}

function answerOf({ allowed, by, via, addresses }: CheckResult): RouteAnswer {
  const others = addresses.map(({ via: own, ...decision }) => ({ ...decision, via: own }));
  return { allowed, by, via, addresses: others };
}

function sentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}

/** Tries an upstream of some options. */
export async function tryUpstream(
  name: string,
  upstreams: NonNullable<ServerOptions['upstreams']>,
): Promise<UpstreamTest> {
  try {
    const server = createServer({ listen: NOWHERE, via: [name], upstreams });
    return { works: true, time: await server.probe(name) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { works: false, problem: sentence(error.message) };
  }
}
