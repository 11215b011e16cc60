import { idle, stalled } from './idle.js';
import type { Job, Outcome } from './job.js';
import { latency, rate, steady, throughput } from './tcp.js';
import { udp } from './udp.js';

const measures: Record<Job['measure'], (job: Job) => Promise<Outcome>> = {
  rate,
  steady,
  latency,
  udp,
  idle,
  stalled,
  down: throughput,
  up: throughput,
};

const job: Job = JSON.parse(process.argv[2] ?? '{}');
try {
  const outcome = await measures[job.measure](job);
  process.send?.(outcome, () => process.exit());
} catch (error) {
  process.send?.(error instanceof Error ? error.message : String(error), () => process.exit(1));
}
