import type { Measure } from './measures.js';
import type { Contender, Mode } from './subjects.js';

/** A server as it is used in one way. */
export interface Instance<C extends Contender = Contender> {
  readonly contender: C;
  readonly mode: Mode;
}

/** A measure that is taken of a running server. */
export interface Take<C extends Contender = Contender> {
  readonly instance: Instance<C>;
  readonly measure: Measure;
}

/** Servers that run at the same time, and what is measured of them, one after the other. */
export interface Session<C extends Contender = Contender> {
  readonly instances: readonly Instance<C>[];
  readonly takes: readonly Take<C>[];
  /** Whether they are used before they are measured. */
  readonly warm: boolean;
}

/** Which round it is. */
interface Round {
  /** The number of the round, from 0. */
  readonly round: number;
  /** In how many of the first rounds what is measured `alone` is measured. */
  readonly memoryRounds: number;
}

/**
 * A round of the benchmark: all servers run at once, and each measure is taken of one after the
 * other, in a few seconds, so that what else the machine does hits all alike. Every other round
 * goes through them backwards: what changes slowly then favours none. A measure that wants a server
 * of its own has one that is started for it, while no other runs.
 */
export function sessions<C extends Contender>(
  contenders: readonly C[],
  measures: readonly Measure[],
  { round, memoryRounds }: Round,
): readonly Session<C>[] {
  const turn = round % 2 === 0 ? contenders : contenders.toReversed();
  const made = new Map<string, Instance<C>>();
  const instanceOf = (contender: C, mode: Mode) => {
    const key = `${contender.id} ${mode}`;
    const instance = made.get(key) ?? { contender, mode };
    made.set(key, instance);
    return instance;
  };
  const takes = (list: readonly Measure[]): Take<C>[] =>
    list.flatMap((measure) =>
      turn
        .filter(({ modes }) => modes.includes(measure.mode))
        .map((contender) => ({ instance: instanceOf(contender, measure.mode), measure })),
    );
  const together = takes(measures.filter(({ alone }) => alone !== true));
  const shared = { instances: [...made.values()], takes: together, warm: true };
  const alone = takes(measures.filter((one) => one.alone === true && round < memoryRounds));
  return [
    ...(together.length > 0 ? [shared] : []),
    ...alone.map((take) => ({ instances: [take.instance], takes: [take], warm: false })),
  ];
}
