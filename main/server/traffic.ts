import { type ConnectionInfo, formatAddress, type ServerEvent } from 'picosocks5';
import type { Refusal, TrafficSample } from '../contract.js';

/** How many seconds the chart goes back. */
const HISTORY = 300;

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
    if (event.type === 'connection') this.#connections++;
    else if (event.type === 'rejected') this.#refuse(event);
    else if (event.type === 'closed') {
      this.#closedUp += event.up;
      this.#closedDown += event.down;
    }
  }

  /** Takes a sample, once a second. @param live the connections that there are. */
  sample(time: number, live: readonly ConnectionInfo[]): TrafficSample {
    let totalUp = this.#closedUp;
    let totalDown = this.#closedDown;
    for (const { up, down } of live) {
      totalUp += up;
      totalDown += down;
    }
    const before = this.#history.at(-1);
    const elapsed = before === undefined ? 1 : Math.max(time - before.time, 1) / 1000;
    const rate = (total: number, earlier: number) => Math.max(0, (total - earlier) / elapsed);
    const sample: TrafficSample = {
      time,
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

  #refuse({ reason, detail, time, client, destination }: ServerEvent & { type: 'rejected' }): void {
    const count = (this.#refusals.get(reason)?.count ?? 0) + 1;
    const to = destination === undefined ? '' : `to ${formatAddress(destination)}`;
    this.#refusals.set(reason, {
      reason,
      count,
      lastTime: time,
      lastClient: formatAddress(client),
      lastDetail: [to, detail].filter(Boolean).join(': '),
    });
  }
}
