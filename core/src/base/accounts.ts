import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What a program says. @throws if it does not know, or is not there. */
function ask(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

/** A number that stands for itself, or what is found of a name; undefined if nothing is. */
function numberOf(name: string, find: () => string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  try {
    const number = find().trim();
    return /^\d+$/.test(number) ? Number(number) : undefined;
  } catch {
    return undefined;
  }
}

/** The number of a user, by name or number; undefined if there is none (id(1)). */
export function userNumberOf(user: string): number | undefined {
  return numberOf(user, () => ask('id', '-u', '--', user));
}

/** The number of a user's primary group; undefined if there is no such user (id(1)). */
export function primaryGroupOf(user: string): number | undefined {
  return numberOf('', () => ask('id', '-g', '--', user));
}

/** The number of a group, by name or number; undefined if there is none (getent(1), group(5)). */
export function groupNumberOf(group: string): number | undefined {
  return (
    numberOf(group, () => ask('getent', 'group', group).split(':')[2] ?? '') ??
    numberOf(group, () => {
      const lines = readFileSync('/etc/group', 'utf8').split('\n');
      return lines.map((line) => line.split(':')).find(([name]) => name === group)?.[2] ?? '';
    })
  );
}
