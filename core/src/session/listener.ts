import type { SessionSettings } from './session.js';

/** Where clients come in, and how they are served. */
export interface Listener {
  readonly name: string;
  /** Of those who come from now on: those who are there keep what they came with. */
  readonly settings: SessionSettings;
}
