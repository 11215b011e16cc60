import { readFileSync, writeFileSync } from 'node:fs';
import { version } from '#core/base/version.js';
import { COMMAND_OPTIONS, defaultText, flagsOf } from '#core/cli/help.js';
import type { Section } from '#core/config/option.js';
import { OPTIONS } from '#core/config/optionlist.js';

/** What the manual page is made of: text, with `{options}` and others to be filled in. */
const TEMPLATE = new URL('../picosocks5.8.in', import.meta.url);
const PAGE = new URL('../../core/man/picosocks5.8', import.meta.url);

/** Text as troff takes it literally (groff_man(7)). */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}

function entry(flags: string, description: string, value?: string): string {
  const text = value === undefined ? description : `${description} The default is ${value}.`;
  return `.TP\n.B ${escaped(flags)}\n${escaped(text)}\n`;
}

/** The options in the order of `--help`, with what `--help` leaves out. */
function options(): string {
  const sections = [...new Set(OPTIONS.map(({ section }) => section))].map((section) => {
    const own = OPTIONS.filter((option) => option.section === section);
    const entries = own.map((option) => {
      const { description, details } = option;
      const text = details === undefined ? description : `${description} ${details}`;
      return entry(flagsOf(option), text, defaultText(option));
    });
    return `.SS ${section}\n${entries.join('')}`;
  });
  const command = COMMAND_OPTIONS.map(({ flags, description }) => entry(flags, description));
  return `${sections.join('')}.SS Command\n${command.join('')}`.trimEnd();
}

/** The names of the options that may stand in a section. */
function optionsIn(section: Section): string {
  const own = OPTIONS.filter((option) => option.in?.includes(section));
  return own
    .map(({ name }) => `.BR ${escaped(name)} ,`)
    .join('\n')
    .replace(/,$/, '.');
}

/** The text of picosocks5(8). */
export function manualPage(): string {
  return readFileSync(TEMPLATE, 'utf8')
    .replace('{version}', version)
    .replace('{listener options}', () => optionsIn('listener'))
    .replace('{options}', () => options());
}

if (process.argv[1] === import.meta.filename) writeFileSync(PAGE, manualPage());
