import { parseArgs } from 'node:util';
import { soak } from './soak/run.js';
import { environmentFor, TRANSPORTS, transportIn } from './soak/transports.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    clients: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    node: { type: 'string', default: process.execPath },
    log: { type: 'string', default: '/dev/null' },
    transport: { type: 'string' },
  },
});
const { minutes, node, log } = values;
const [length, clients, seed] = [Number(minutes) * 60_000, Number(values.clients), values.seed];
const chosen = TRANSPORTS.filter((one) => one === (values.transport ?? one));
const out = (text: string) => process.stdout.write(`${text}\n`);

function wrong(reason: string): never {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}

if (!(length > 0)) wrong(`--minutes: expected a number above 0, not "${minutes}"`);
if (!(Number.isInteger(clients) && clients > 0)) {
  wrong(`--clients: expected a whole number from 1 on, not "${values.clients}"`);
}
if (!/^\d+$/.test(seed)) wrong(`--seed: expected a whole number, not "${seed}"`);
if (chosen.length === 0) {
  wrong(`--transport: expected ${TRANSPORTS.join(' or ')}, not "${values.transport}"`);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

for (const transport of chosen) {
  out(`transport ${transport}, seed ${seed}, ${clients} clients, ${minutes} minutes`);
  const actual = transportIn(node, environmentFor(transport));
  const options = { node, transport, length, clients, seed: Number(seed), log };
  const reasons =
    actual === transport
      ? await soak(options, out)
      : [`this Node has no transport on ${transport}, only on ${actual}`];
  for (const reason of reasons) out(`FAILED, transport ${transport}: ${reason} (seed ${seed})`);
  if (reasons.length > 0) process.exit(1);
  out(`transport ${transport}: nothing was lost, corrupted or left over`);
}
process.exit();
