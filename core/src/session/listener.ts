import type { Balancers } from '../access/balancers.js';
import type { Wanted } from '../limits/counts.js';
import type { SessionSettings } from './settings.js';

/** How many clients a listener may have at once, besides what all have together. */
export interface ListenerLimit {
  /** Counts each of them. */
  readonly wanted: Wanted;
  /** Of those that have made no request; Infinity: no limit. */
  readonly startups: number;
}

/** Where clients come in, and how they are served. */
export interface Listener {
  readonly name: string;
  /** Whose connections begin with a PROXY header. */
  readonly balancers: Balancers;
  /** Of those who come from now on: those who are there keep what they came with. */
  readonly settings: SessionSettings;
  /** Left out for the one without a section: the limits of all are its own. */
  readonly limit?: ListenerLimit;
}
