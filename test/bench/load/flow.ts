import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { shakeHands } from './handshake.js';
import type { Job } from './job.js';

const shared = Buffer.alloc(1024 * 1024);

/** A connection through the proxy, which tells how many bytes have come. */
export class Flow {
  readonly socket: Socket;
  received = 0;
  readonly #job: Job;
  /** The last answer. */
  readonly #answer = Buffer.alloc(64);
  #have = 0;
  #waiting = 0;
  #wake: ((answer: Buffer) => void) | undefined;
  #fail: ((error: Error) => void) | undefined;

  /** @param from local address; undefined: the system's choice. */
  constructor(job: Job, from?: string) {
    this.#job = job;
    const onread = {
      buffer: shared,
      callback: (bytes: number) => {
        this.#take(bytes);
        return true;
      },
    };
    const local = from === undefined ? {} : { localAddress: from };
    const port = job.proxy || job.target;
    const options = { port, host: '127.0.0.1', ...local, noDelay: true, onread };
    this.socket = this.#isSecure
      ? connectTls({ ...options, rejectUnauthorized: false })
      : connect(options);
    this.socket.on('error', (error) => this.#fail?.(error));
    this.socket.on('close', () => this.#fail?.(new Error('the proxy closes the connection')));
  }

  /** Sends, and waits until so many bytes have come in answer. @returns the first 64 of them. */
  exchange(octets: Uint8Array, answer: number): Promise<Buffer> {
    this.#have = 0;
    this.#waiting = this.received + answer;
    return new Promise((resolve, reject) => {
      this.#wake = resolve;
      this.#fail = reject;
      this.socket.write(octets);
    });
  }

  /** @param command CMD of the request. @returns the port in the reply. */
  async open(command = 1): Promise<number> {
    await once(this.socket, this.#isSecure ? 'secureConnect' : 'connect');
    const { proxy, target, login = 'none' } = this.#job;
    if (proxy === 0) return target;
    const port = command === 1 ? target : 0;
    return shakeHands((octets, answer) => this.exchange(octets, answer), login, command, port);
  }

  get #isSecure(): boolean {
    return this.#job.tls === true && this.#job.proxy !== 0;
  }

  #take(bytes: number): void {
    this.received += bytes;
    if (this.#wake === undefined) return;
    this.#have += shared.copy(this.#answer, this.#have, 0, bytes);
    if (this.received < this.#waiting) return;
    const wake = this.#wake;
    this.#wake = undefined;
    this.#fail = undefined;
    wake(this.#answer.subarray(0, this.#have));
  }
}

/** A flow that has got through to the target. */
export async function opened(job: Job, from?: string): Promise<Flow> {
  const flow = new Flow(job, from);
  await flow.open();
  return flow;
}
