import type { LoginNews } from '../auth/lockout.js';
import type { LogLevel, Settings } from '../config/settings.js';
import type { Usage } from '../limits/usage.js';
import type { ListenerState, ListeningAddress } from '../listening/listeningsocket.js';
import type { Address } from '../protocol/address.js';
import type { Mail } from './mail.js';

/**
 * A key, its limit, how many of the permits that a worker holds it puts back for the answer, and what
 * the key is one of, if the limit is of that.
 */
export type AskedKey = readonly [key: string, limit: number, offered: number, of?: string];

/** What a worker has to say of what it counts. */
export type CountMessage =
  /** It wants one more permit of each key, or of none; to be answered by the number. */
  | { readonly ask: number; readonly wanted: readonly AskedKey[] }
  /** It returns permits that it does not use. */
  | { readonly give: string; readonly count: number }
  /** The same, as it was told to. */
  | { readonly recalled: string; readonly count: number }
  /** It has counted so many while there was no limit. */
  | { readonly claim: string; readonly count: number; readonly of?: string };

/** What a worker tells the primary process. */
export type FromWorker =
  /** It listens to what it is told. */
  | { readonly type: 'ready' }
  | { readonly type: 'counts'; readonly counts: readonly CountMessage[] }
  | { readonly type: 'login'; readonly news: LoginNews }
  /** How many connections it has that share a rate, by `user NAME` and `group NAME`; what has changed. */
  | { readonly type: 'connections'; readonly counts: Readonly<Record<string, number>> }
  /** Bytes used since the last time, by `user NAME` and `group NAME`. */
  | { readonly type: 'used'; readonly bytes: Readonly<Record<string, number>> }
  /** What all replicas have used, which the worker has heard of elsewhere. */
  | { readonly type: 'used-by-all'; readonly usage: Readonly<Record<string, Usage>> }
  | { readonly type: 'listening'; readonly listeners: readonly ListenerState[] }
  /** It wants a socket for an address, to be answered with `socket`; or needs it no more. */
  | { readonly type: 'take-socket'; readonly request: number; readonly address: ListeningAddress }
  | { readonly type: 'release-socket'; readonly address: ListeningAddress }
  /** An extension wants the configuration to be read again. */
  | { readonly type: 'reload' }
  | { readonly type: 'mail'; readonly mail: Mail }
  /** What happens: events, as `process/observing` tells them. */
  | { readonly type: 'events'; readonly news: unknown }
  | { readonly type: 'done'; readonly id: number; readonly result?: unknown }
  /** What a task came to grief by; a mistake that a person can mend, or a bug. */
  | {
      readonly type: 'failed';
      readonly id: number;
      readonly message: string;
      readonly isMistake: boolean;
    };

/** Files that the primary process has read for its workers, by their names; in Base64. */
export type FileContents = Readonly<Record<string, string>>;

/** Where the sockets listen that the primary process was started with, by their descriptors. */
export type InheritedAddresses = Readonly<Record<string, Address>>;

/** What the primary process tells a worker, and what it has to be told back: `done` or `failed`. */
export type Task =
  | {
      readonly type: 'start';
      readonly settings: Settings;
      /** From 1 on. */
      readonly number: number;
      /** The id of its first connection; the next is so many on as there are workers. */
      readonly firstId: number;
      readonly workers: number;
      /** In Base64. */
      readonly passwordKey: string;
      /** In Base64. */
      readonly ticketKeys: string;
      readonly logins: readonly LoginNews[];
      readonly usage: Readonly<Record<string, Usage>>;
      readonly files: FileContents;
      readonly inherited: InheritedAddresses;
      /** Whether systemd's journal reads what it writes to stderr. */
      readonly journal: boolean;
      /** The level of the events that it is to tell of. */
      readonly observed: LogLevel;
    }
  | {
      /** To take new settings, or to say whether it could. */
      readonly type: 'reload' | 'try-reload';
      readonly settings: Settings;
      readonly files: FileContents;
      readonly inherited: InheritedAddresses;
    }
  /** A reload is over; if all workers have done it, what they did alike is told. */
  | { readonly type: 'reloaded'; readonly byAll: boolean }
  | {
      readonly type: 'stop';
      readonly grace: number;
      /** Whether another process has taken the server's place. */
      readonly isReplaced: boolean;
    }
  | { readonly type: 'connections' }
  /** To be answered with a {@link ToldTally}, also to see whether it answers. */
  | { readonly type: 'tally' }
  | { readonly type: 'disconnect'; readonly connection: number }
  /** A question as `process/questions` has them, to be answered as is said there. */
  | { readonly type: 'ask'; readonly question: unknown }
  /** From now on it is to tell of events of this level. */
  | { readonly type: 'observe'; readonly level: LogLevel }
  | { readonly type: 'log-level'; readonly level: LogLevel };

/** How many clients a worker serves, and the names of those who have logged in. */
export interface ToldTally {
  readonly connections: number;
  readonly users: readonly string[];
}

/** What the primary process tells a worker. */
export type ToWorker =
  | (Task & { readonly id: number })
  | {
      readonly type: 'permits';
      /** Permits of a limit; loose ones may be kept for later. They come before the answers. */
      readonly grants: readonly (readonly [
        key: string,
        count: number,
        limit: number,
        isLoose: boolean,
      ])[];
      /** To what was asked: the key whose limit was reached, or null. */
      readonly answers: readonly (readonly [id: number, full: string | null])[];
      /** Keys of which it returns what it does not use, now and from now on. */
      readonly recalls: readonly string[];
    }
  | { readonly type: 'login'; readonly news: LoginNews }
  /** The socket that was asked for comes along, unless the system's error number is given. */
  | {
      readonly type: 'socket';
      readonly request: number;
      readonly errno: number | undefined;
      /** Whether the process before this server's handed it on. */
      readonly isGiven?: boolean;
    }
  | { readonly type: 'mail'; readonly mail: Mail }
  /** What all have used. */
  | { readonly type: 'usage'; readonly usage: Readonly<Record<string, Usage>> }
  /** The part of the rates of a user or a group that is the worker's. */
  | { readonly type: 'part'; readonly name: string; readonly part: number };
