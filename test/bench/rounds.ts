import type { Login } from './load/job.js';
import { Loaded, type Measure } from './measures.js';
import type { Options } from './options.js';
import type { Results, Sample } from './results.js';
import { Running } from './running.js';
import { type Instance, type Session, sessions, type Take } from './schedule.js';
import { type Contender, isSubject, type Mode } from './subjects.js';

const MODES: readonly Mode[] = ['plain', 'udp', 'password', 'chap', 'tls'];

/** After how much work, in thousands of connections, a server is warm; and when it has to be. */
const [WARM, WARM_UPS] = [8, 5] as const;

/** Takes the benchmark's samples. */
export class Rounds {
  /** By contender and figure, in the order of the rounds. */
  readonly samples: Results['samples'] = {};
  /** What could not be measured, and why. */
  readonly complaints = new Set<string>();
  readonly #options: Options;
  readonly #contenders: readonly Contender[];
  readonly #measures: readonly Measure[];
  readonly #target: number;
  readonly #tell: (progress: string) => void;

  /**
   * @param target the port of the destination.
   * @param tell is called with what is going on.
   */
  constructor(
    options: Options,
    contenders: readonly Contender[],
    measures: readonly Measure[],
    target: number,
    tell: (progress: string) => void,
  ) {
    this.#options = options;
    this.#contenders = contenders;
    this.#measures = measures;
    this.#target = target;
    this.#tell = tell;
  }

  async run(): Promise<void> {
    const { rounds, memoryRounds } = this.#options;
    for (let round = 0; round < rounds; round++) {
      const parts = sessions(this.#contenders, this.#measures, { round, memoryRounds });
      for (const session of parts) await this.#measure(session, round);
    }
  }

  async #measure(session: Session, round: number): Promise<void> {
    const loaded = new Map<Instance, Loaded>();
    try {
      for (const instance of session.instances) {
        await this.#attempt(instance, instance.mode, async () => {
          const one = await this.#start(instance);
          loaded.set(instance, one);
          if (session.warm) await warmUp(instance, one.lasting(this.#options.warmUp));
        });
      }
      let measure: Measure | undefined;
      for (const take of session.takes) {
        const one = loaded.get(take.instance);
        if (one === undefined) continue;
        if (measure !== take.measure) this.#tell(`round ${round + 1}: ${take.measure.id}`);
        measure = take.measure;
        await this.#attempt(take.instance, take.measure.id, () => this.#take(take, one, round));
      }
    } finally {
      for (const { running } of loaded.values()) await running?.stop();
    }
  }

  async #start({ contender, mode }: Instance): Promise<Loaded> {
    const { port, seconds } = this.#options;
    const place = this.#contenders.indexOf(contender) * MODES.length + MODES.indexOf(mode);
    const running = isSubject(contender)
      ? await Running.start(contender, port + place, mode)
      : undefined;
    return new Loaded(running, this.#target, seconds);
  }

  async #attempt(
    { contender: { title } }: Instance,
    what: string,
    action: () => Promise<void>,
  ): Promise<void> {
    try {
      await action();
    } catch (error) {
      const reason = error instanceof Error ? error.message : error;
      this.complaints.add(`${title}, ${what}: ${reason}`);
    }
  }

  async #take({ instance, measure }: Take, loaded: Loaded, round: number): Promise<void> {
    const tree = loaded.running?.tree;
    const before = tree?.cpu() ?? 0;
    const outcome = await measure.take(loaded);
    if (outcome === undefined) return;
    const used = (tree?.cpu() ?? 0) - before;
    const cpu = measure.cpu && tree && (used / outcome.work) * measure.cpu.scale;
    this.samples[instance.contender.id] ??= {};
    const all = this.samples[instance.contender.id] ?? {};
    const add = (figure: string, sample: Sample) => {
      all[figure] ??= Array.from({ length: this.#options.rounds }, () => null);
      all[figure][round] = sample;
    };
    const beside = measure.cpuFigure === undefined ? cpu : undefined;
    for (const [i, { id }] of measure.figures.entries()) {
      const value = outcome.values[i] ?? Number.NaN;
      add(id, { value, cpu: i === 0 ? beside : undefined });
    }
    if (measure.cpuFigure && cpu !== undefined) add(measure.cpuFigure.id, { value: cpu });
  }
}

function of(mode: Exclude<Mode, 'udp'>): { login?: Login; tls?: boolean } {
  if (mode === 'tls') return { tls: true };
  return mode === 'plain' ? {} : { login: mode };
}

/**
 * Uses a server as it will be used, with logins if it asks for them. Where others use the machine
 * too, it takes longer until a compiler knows the program.
 */
async function warmUp({ mode }: Instance, loaded: Loaded): Promise<void> {
  for (let [times, work] = [0, 0]; times < WARM_UPS && work < WARM; times++) {
    const outcome = await (mode === 'udp'
      ? loaded.load('udp', 32)
      : loaded.load('rate', 32, of(mode)));
    work += outcome.work;
  }
}
