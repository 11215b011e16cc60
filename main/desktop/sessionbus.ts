import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** How long an answer may take, ms. */
const TIMEOUT = 3000;

/** A property of an object on the session's bus. */
interface BusProperty {
  readonly service: string;
  readonly path: string;
  readonly interface: string;
  readonly property: string;
}

type Question = readonly [program: string, ...args: string[]];

/** Ways to ask, the most common program first. */
function questions({ service, path, interface: type, property }: BusProperty): Question[] {
  const get = 'org.freedesktop.DBus.Properties.Get';
  return [
    [
      'dbus-send',
      ...['--session', '--print-reply', '--reply-timeout=2000', `--dest=${service}`, path],
      ...[get, `string:${type}`, `string:${property}`],
    ],
    [
      'gdbus',
      ...['call', '--session', '--timeout', '2', '--dest', service, '--object-path', path],
      ...['--method', get, type, property],
    ],
    ['busctl', '--user', '--timeout=2', 'get-property', service, path, type, property],
  ];
}

/** The value of a boolean property, or undefined if nobody knows. */
export async function busProperty(property: BusProperty): Promise<boolean | undefined> {
  for (const [program, ...args] of questions(property)) {
    try {
      const { stdout } = await run(program, args, { timeout: TIMEOUT });
      const [answer] = /\b(true|false)\b/.exec(stdout) ?? [];
      return answer === undefined ? undefined : answer === 'true';
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!missing) return undefined;
    }
  }
  return undefined;
}
