import { UserError } from '../../base/errors.js';
import type { LogLevelAnswer } from '../../control/answers.js';
import { LEVELS } from '../../control/feed.js';
import { type LogEntry, levelOf, logText, timeStamp } from '../../log/logline.js';
import { type ControlCommand, demandNoWords, numberOf, print, printJson } from './command.js';
import { localTime } from './text.js';

/** What the server's stream has beside events. */
interface Lost {
  readonly type: 'lost';
  readonly time: string;
  readonly count: number;
}

type Line = Lost | (Omit<LogEntry, 'time'> & { readonly time: string });

/** `picosocks5 log`. */
export const log: ControlCommand = {
  usage: '[--follow] [--lines N] [--level LEVEL] [--json]',
  help: `Shows the last events of a running server, and with --follow those that come.

  -f, --follow          goes on until it is interrupted
  -n, --lines N         how many of the last at most, up to 1000; 20 if left out
      --level LEVEL     err, warn, notice, info or debug; info if left out. Those of
                        debug are not kept, but can be followed
      --json            one JSON object a line, as --log-format json has them
`,
  options: {
    follow: { type: 'boolean', short: 'f' },
    lines: { type: 'string', short: 'n' },
    level: { type: 'string' },
  },
  async run(client, given) {
    demandNoWords(given);
    const { flags } = given;
    const level = flags['level'] as string | undefined;
    if (level !== undefined && !(LEVELS as readonly string[]).includes(level)) {
      throw new UserError(`--level: expected ${LEVELS.join(', ')}, not "${level}"`);
    }
    const history = numberOf(given, 'lines', 20, 1000);
    const query = { level, history, follow: flags['follow'] === true };
    for await (const line of client.lines('/v1/events', query)) {
      const text = flags['json'] ? JSON.stringify(line) : textOf(line as unknown as Line);
      // What is not taken waits in the server, which counts what it cannot keep.
      if (!print(`${text}\n`))
        await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
  },
};

function textOf(line: Line): string {
  if (line.type === 'lost') {
    return `${line.time} warn   (${line.count} events were lost, since they were not taken in time)`;
  }
  const event = { ...line, time: Date.parse(line.time) } as LogEntry;
  return `${timeStamp(event.time)} ${levelOf(event.type).padEnd(6)} ${logText(event)}`;
}

/** `picosocks5 loglevel`. */
export const loglevel: ControlCommand = {
  usage: '[--json] [LEVEL [SECONDS]]',
  help: `Says what a running server logs, or has it log at another LEVEL for SECONDS, 600
if left out: err, warn, notice, info, debug or none. LEVEL configured goes back to
what its configuration says.

      --json            as JSON
`,
  async run(client, { words, flags }) {
    const [level, seconds = '600', more] = words;
    if (more !== undefined) throw new UserError('expected LEVEL and SECONDS; --help says more');
    if (!/^\d{1,6}$/.test(seconds)) {
      throw new UserError(`expected a number of SECONDS, not "${seconds}"`);
    }
    const path = '/v1/log-level';
    const answer =
      level === undefined
        ? await client.get<LogLevelAnswer>(path)
        : await client.put<LogLevelAnswer>(path, { level, seconds: Number(seconds) });
    if (flags['json']) printJson(answer);
    else {
      const until =
        answer.until === undefined
          ? ''
          : ` until ${localTime(answer.until)}, then ${answer.configured}`;
      print(`${answer.level}${until}\n`);
    }
  },
};
