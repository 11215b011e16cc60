import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './npm.js';

const text = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** The blocks of code of README.md, in their order. */
export const blocks: readonly string[] = Array.from(
  text.matchAll(/^```\w*\n(.*?)^```$/gms),
  ([, block = '']) => block,
);

/** The table of programs of README.md: how each uses the proxy. */
export const programs: ReadonlyMap<string, string> = new Map(
  text
    .split('## Recipes')[1]
    ?.split('\n')
    .filter((line) => /^\| (?!Program |-)/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, program = '', how = '']) => [program, how]),
);

/** Commands that stand in the text of README.md. */
export const inline: readonly string[] = Array.from(
  text.replaceAll(/^```.*?^```$/gms, '').matchAll(/`([^`]+)`/g),
  ([, code = '']) => code.replaceAll(/\s+/g, ' '),
);

/**
 * The commands of a block, one after the other: a line, or the lines of a here-document.
 *
 * @throws if a here-document does not end.
 */
export function commandsOf(block: string): string[] {
  const commands: string[] = block.match(/^.*<<END\n[\s\S]*?^END$|^.+$/gm) ?? [];
  if (commands.includes('END')) throw new Error('a here-document without its beginning');
  return commands;
}
