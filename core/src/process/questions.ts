import type { Lockedout, LockoutFilter } from '../auth/lockout.js';
import type { ConnectionInfo } from '../log/events.js';
import type { Address } from '../protocol/address.js';
import type { CommandName } from '../protocol/socks5.js';
import type { CheckResult } from '../server/check.js';
import {
  type ConnectionFilter,
  type ConnectionPage,
  type ConnectionQuery,
  connectionTest,
  findConnections,
} from '../server/connectionquery.js';
import type { Server } from '../server/server.js';
import type { SharedStateStatus } from '../sharing/replica.js';

/** An extension, as operators see it. */
export interface ExtensionState {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly origin: 'bundled' | 'installed' | 'folder';
  readonly state: 'inactive' | 'starting' | 'active' | 'off' | 'failed' | 'disabled';
  /** What went wrong last. */
  readonly error?: string;
  readonly commands: readonly { readonly id: string; readonly title: string }[];
}

/** What is asked of a process that serves, and what it answers. */
export interface Questions {
  find: { ask: ConnectionQuery; answer: ConnectionPage };
  end: { ask: ConnectionFilter; answer: number };
  lockouts: { ask: null; answer: readonly Lockedout[] };
  lift: { ask: LockoutFilter; answer: number };
  'shared-state': { ask: null; answer: SharedStateStatus | null };
  extensions: { ask: null; answer: readonly ExtensionState[] };
  check: {
    ask: {
      readonly user: string | undefined;
      readonly command: CommandName;
      readonly destination: Address;
    };
    answer: CheckResult;
  };
  run: { ask: { readonly id: string; readonly args: readonly string[] }; answer: unknown };
}

export type QuestionName = keyof Questions;

/** Any question, as one process tells it another. */
export type Question = {
  [Name in QuestionName]: { readonly name: Name; readonly ask: Questions[Name]['ask'] };
}[QuestionName];

/**
 * Answers what is asked of a server.
 *
 * @throws {UserError} what is wrong with the question, or what it came to grief by.
 */
export async function answer(server: Server, question: Question): Promise<unknown> {
  switch (question.name) {
    case 'find':
      return findConnections(server.connections(), question.ask);
    case 'end': {
      const test: (one: ConnectionInfo) => boolean = connectionTest(question.ask);
      return server.disconnectAll(test);
    }
    case 'lockouts':
      return server.lockouts();
    case 'lift':
      return server.liftLockouts(question.ask);
    case 'shared-state':
      return server.sharedState ?? null;
    case 'extensions':
      return extensionsOf(server);
    case 'check': {
      const { user, command, destination } = question.ask;
      return server.check(user, command, destination);
    }
    case 'run':
      return server.runCommand(question.ask.id, ...question.ask.args);
  }
}

function extensionsOf(server: Server): ExtensionState[] {
  return server.extensions.map(({ manifest, origin, state, error }) => {
    const { name, displayName, version } = manifest;
    const own = server.commands.filter(({ extension }) => extension === name);
    return {
      name,
      title: displayName,
      version,
      origin,
      state,
      ...(error === undefined ? {} : { error }),
      commands: own.map(({ id, title }) => ({ id, title })),
    };
  });
}
