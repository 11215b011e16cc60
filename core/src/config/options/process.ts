import { UserError } from '../../base/errors.js';
import { didYouMean } from '../../base/guess.js';
import { isLogField, LOG_FIELDS } from '../../log/fields.js';
import { parseControlPlace } from '../controlplace.js';
import type { Option } from '../option.js';
import { parseWorkers } from '../workercount.js';
import { seconds, strings } from './schemas.js';

/** @throws {UserError} if there is no such field. */
function checkLogField(text: string): void {
  if (isLogField(text)) return;
  const hint = didYouMean(text, Object.keys(LOG_FIELDS));
  throw new UserError(`there is no field "${text}" of the log; log.md lists them${hint}`);
}

/** How the process of the command runs, and its log, in the order of `--help`. */
export const PROCESS: readonly Option[] = [
  {
    key: 'user',
    name: 'user',
    short: 'u',
    argument: 'USER',
    schema: { type: 'string' },
    default: undefined,
    section: 'Process and log',
    description: 'Drop privileges to USER (name or number) once all is open.',
    details:
      "Without --group, to that user's primary group as well. Needs root. What has to be read and " +
      'written later is tried as that user at the start: a quota file that cannot be written is an ' +
      'error; for files that SIGHUP could not read again, and a log file that could not be opened ' +
      'again, there is a warning.',
  },
  {
    key: 'group',
    name: 'group',
    short: 'g',
    argument: 'GROUP',
    schema: { type: 'string' },
    default: undefined,
    section: 'Process and log',
    description: 'Drop privileges to GROUP (name or number).',
  },
  {
    key: 'nofork',
    name: 'nofork',
    schema: { type: 'boolean' },
    default: undefined,
    section: 'Process and log',
    description: 'Stay in the foreground, which is the default.',
    details: 'nofork = no in a configuration file does what --fork does.',
  },
  {
    key: 'logmode',
    name: 'logmode',
    short: 'L',
    argument: 'MODE',
    schema: { type: 'string', enum: ['syslog', 'stderr', 'combined'] },
    default: undefined,
    section: 'Process and log',
    description: 'Log to syslog, stderr, or combined: both. stderr in the foreground.',
  },
  {
    key: 'logFile',
    name: 'log-file',
    argument: 'FILE',
    schema: { type: 'string' },
    default: undefined,
    section: 'Process and log',
    description: 'Log to FILE, where it would be stderr. SIGHUP and SIGUSR1 open it again.',
    details:
      'It is appended to, and made with mode 0640; with --user it is given to that user. A change ' +
      'needs a restart. See LOG ROTATION.',
  },
  {
    key: 'loglevel',
    name: 'loglevel',
    short: 'v',
    argument: 'LEVEL',
    schema: { type: 'string', enum: ['err', 'warn', 'notice', 'info', 'debug', 'none'] },
    default: 'info',
    section: 'Process and log',
    description: 'What to log: err, warn, notice, info (default), debug or none.',
    details: 'info has a line for every finished connection, debug one for each of its steps.',
  },
  {
    key: 'logFormat',
    name: 'log-format',
    argument: 'FORMAT',
    schema: { type: 'string', enum: ['text', 'json'] },
    default: 'text',
    section: 'Process and log',
    description: 'How lines look: text (default) or json, one object a line.',
  },
  {
    key: 'logFields',
    name: 'log-fields',
    argument: 'NAME,...',
    schema: strings,
    default: [],
    commas: true,
    check: checkLogField,
    section: 'Process and log',
    description: 'Which fields lines in JSON have, and in which order; all if not given.',
    details: 'The file log.md of the package says what they are. A change needs a restart.',
  },
  {
    key: 'usageFile',
    name: 'usage-file',
    argument: 'FILE',
    schema: { type: 'string' },
    default: undefined,
    names: 'file',
    section: 'Process and log',
    description: 'Keep what each user moves in a day in FILE; picosocks5 usage --days N shows it.',
    details:
      'Days are those of local time; 400 of them are kept. It is written every minute and at the ' +
      'end. A change needs a restart.',
  },
  {
    key: 'grace',
    name: 'grace',
    argument: 'SECONDS',
    schema: seconds,
    default: 5,
    section: 'Process and log',
    description: 'Connections have this long to finish when the server is told to stop.',
  },
  {
    key: 'workers',
    name: 'workers',
    argument: 'N|auto',
    schema: { type: 'string' },
    default: '1',
    check: parseWorkers,
    section: 'Process and log',
    description: 'Processes that serve; auto: one for each processor.',
    details:
      'Limits, lockouts and quotas are those of all together. One that dies is replaced, also after ' +
      '--user: only its own connections are lost. If none can be started any more the server ends ' +
      'with an error. A change needs a restart. Servers on several machines have the same in common ' +
      'through Redis: --set redis.url=redis://HOST.',
  },
  {
    key: 'control',
    name: 'control',
    argument: 'unix:PATH|127.0.0.1:PORT|tls:ADDRESS:PORT',
    schema: { type: 'string' },
    default: undefined,
    check: (text) => parseControlPlace(text),
    section: 'Process and log',
    description: 'Where the server can be asked and told: by the commands status, reload, top, ...',
    details:
      'A UNIX socket has mode 0660, and is of the user and the group that the server runs as; at a ' +
      'TCP port, of loopback, or one of any address where TLS is spoken, with the certificate of ' +
      '--tls-cert, --control-token is needed. What is spoken there is HTTP, as the file ' +
      'control.openapi.json of the package describes it. A change needs a restart. See CONTROL.',
  },
  {
    key: 'controlToken',
    name: 'control-token',
    argument: 'FILE',
    schema: { type: 'string' },
    default: undefined,
    names: 'file',
    section: 'Process and log',
    description: 'What whoever comes to a TCP port of --control has to know: the line in FILE.',
    details:
      '16 characters or more of visible ASCII, in a file that nobody but its owner can read (mode ' +
      '0600).',
  },
];
