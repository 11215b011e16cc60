import { UserError } from '../base/errors.js';
import type { Subcommand, SubcommandTools } from '../extensions/api.js';
import { Catalog, type Found } from '../extensions/catalog.js';
import { loadCode, prepareFor } from '../extensions/loader.js';
import type { SubcommandContribution } from '../extensions/manifest.js';
import { placesOf } from '../extensions/places.js';
import { createRegistries } from '../extensions/registries.js';
import { pointNames } from '../extensions/slots/slots.js';
import { demandTrust } from '../extensions/trust.js';
import { complain } from '../process/complain.js';
import { askPassword } from './askpassword.js';

/** What a command of an extension has of the program. */
const tools: SubcommandTools = { askPassword, print };

/**
 * Runs a command of an extension that is bundled or installed: `contributes.subcommands` of its
 * package.json names it.
 *
 * @param argv without the program's name.
 * @returns whether there is such a command; nothing of an extension is loaded if there is not.
 */
export async function runSubcommand([name = '', ...args]: readonly string[]): Promise<boolean> {
  const points = pointNames(createRegistries());
  const { found } = await Catalog.read([], placesOf(undefined), points);
  const named = found.flatMap((one) =>
    one.manifest.subcommands
      .filter((each) => each.name === name)
      .map((command) => ({ one, command })),
  );
  const [first] = named.filter(({ one }) => one.enabled);
  if (first === undefined) return false;
  try {
    const run = await load(first.one, first.command);
    const status = await run(args, tools);
    if (typeof status === 'number') process.exitCode = status;
  } catch (error) {
    complain(`picosocks5 ${name}`, error);
  }
  return true;
}

/** Whether who reads standard output is gone. */
let isOver = false;

async function print(text: string): Promise<boolean> {
  const { stdout } = process;
  if (stdout.listenerCount('error') === 0) {
    stdout.on('error', () => {
      isOver = true;
    });
  }
  if (isOver) return false;
  await new Promise<void>((resolve) => {
    stdout.write(text, () => resolve());
  });
  return !isOver;
}

async function load(
  { manifest, origin }: Found,
  { main, name }: SubcommandContribution,
): Promise<Subcommand['run']> {
  const { folder } = manifest;
  if (origin !== 'bundled') await demandTrust(folder);
  prepareFor(folder);
  const { run } = (await loadCode(folder, main, '', false)) as Partial<Subcommand>;
  if (typeof run === 'function') return run;
  throw new UserError(`the extension "${manifest.name}" has no run() for "picosocks5 ${name}"`);
}
