import {
  type Address,
  type CloseReason,
  type ConnectionInfo,
  formatAddress,
  monotonic,
  type ServerEvent,
} from 'picosocks5';
import { type Diagnosis, HISTORY, type Refusal, type TrafficSample } from '../ipc/contract.js';
import { TURNED_AWAY } from './connectionlog.js';

/** Counts what a server moves, second by second, and what it refuses. */
export class Traffic {
  readonly #history: TrafficSample[] = [];
  readonly #refusals = new Map<string, Refusal>();
  #closedUp = 0;
  #closedDown = 0;
  #connections = 0;

  get history(): readonly TrafficSample[] {
    return this.#history;
  }

  /** What was refused, the latest first. */
  get refusals(): Refusal[] {
    return [...this.#refusals.values()].sort((a, b) => b.lastTime - a.lastTime);
  }

  handle(event: ServerEvent): void {
    switch (event.type) {
      case 'connection':
        this.#connections++;
        break;
      case 'rejected':
        this.#refuse(event, event.reason, [targetOf(event), event.detail], event.diagnosis);
        break;
      case 'authentication-failed':
        this.#refuse(event, event.type, [event.user && `as ${event.user}`, event.detail]);
        break;
      case 'closed':
        this.#closedUp += event.up;
        this.#closedDown += event.down;
        if (TURNED_AWAY.has(event.reason)) this.#refuse(event, event.reason);
        break;
    }
  }

  /**
   * Takes a sample, once a second.
   *
   * @param live the connections that there are.
   * @param instant the present one.
   */
  sample(live: readonly ConnectionInfo[], instant = monotonic()): TrafficSample {
    let totalUp = this.#closedUp;
    let totalDown = this.#closedDown;
    for (const { up, down } of live) {
      totalUp += up;
      totalDown += down;
    }
    const before = this.#history.at(-1);
    const elapsed = before === undefined ? 1 : Math.max(instant - before.instant, 1) / 1000;
    const rate = (total: number, earlier: number) => Math.max(0, (total - earlier) / elapsed);
    const sample: TrafficSample = {
      time: Date.now(),
      instant,
      connections: live.length,
      rateUp: rate(totalUp, before?.totalUp ?? 0),
      rateDown: rate(totalDown, before?.totalDown ?? 0),
      totalUp,
      totalDown,
      totalConnections: this.#connections,
    };
    this.#history.push(sample);
    if (this.#history.length > HISTORY) this.#history.shift();
    return sample;
  }

  /** @param details what else is told of the last one of a reason. */
  #refuse(
    { time, client }: { readonly time: number; readonly client: Address },
    reason: CloseReason,
    details: readonly (string | undefined)[] = [],
    diagnosis?: Diagnosis,
  ): void {
    this.#refusals.set(reason, {
      reason,
      count: (this.#refusals.get(reason)?.count ?? 0) + 1,
      lastTime: time,
      lastClient: formatAddress(client),
      lastDetail: details.filter(Boolean).join(': '),
      lastDiagnosis: diagnosis,
    });
  }
}

function targetOf({ destination }: ServerEvent & { type: 'rejected' }): string | undefined {
  return destination && `to ${formatAddress(destination)}`;
}
