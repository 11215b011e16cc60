/** How a client proves who it is. */
export type Login = 'none' | 'password' | 'chap';

/** Name and password of the one user. */
export const USER = 'bench';
export const PASSWORD = 'secret';

/** What the load generator does, as JSON in its first argument. */
export interface Job {
  readonly measure: 'rate' | 'down' | 'up' | 'latency' | 'steady' | 'udp' | 'idle' | 'stalled';
  /** Port of the proxy; 0: straight to the target. */
  readonly proxy: number;
  readonly target: number;
  /** Connections at once; for `steady`, new ones a second; for `udp`, datagrams on their way. */
  readonly flows: number;
  readonly seconds: number;
  readonly login?: Login;
  /** Whether the proxy is spoken to over TLS. */
  readonly tls?: boolean;
}

/** What came out of it. */
export interface Outcome {
  /** One value, or quantiles. */
  readonly values: readonly number[];
  /** What was done meanwhile: GB, or thousands of connections, round trips or datagrams. */
  readonly work: number;
}
