import { version } from '../base/version.js';
import { isNegatable } from '../config/commandline.js';
import type { Option } from '../config/option.js';
import { OPTIONS } from '../config/optionlist.js';

const WIDTH = 80;
const INDENT = 6;

/** What `--help` lists beyond the options of the server. */
export const COMMAND_OPTIONS = [
  {
    flags: '-c, --config FILE',
    description:
      'Read options from the INI file FILE, which may have sections for groups, users, ' +
      'listeners and extensions. May be repeated.',
  },
  {
    flags: '--set EXTENSION.KEY=VALUE',
    description:
      'A setting of an extension, as KEY = VALUE in a section [extension:EXTENSION] of a file. ' +
      'May be repeated.',
  },
  { flags: '--fork', description: 'Go to the background once listening, and log to syslog.' },
  {
    flags: '-h, --help [--extensions]',
    description: 'Print this help, or what extensions there are and their settings, and exit.',
  },
  { flags: '-V, --version', description: 'Print the version and exit.' },
] as const;

/** How an option is written: `-a, --auth [FORMAT:]FILE`. */
export function flagsOf(option: Option): string {
  const { key, name, short, argument } = option;
  if (key === 'listen') return argument ?? '';
  if (isNegatable(option)) return `--[no-]${name}`;
  const long = argument === undefined ? `--${name}` : `--${name} ${argument}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

/** The default of an option as people write it; undefined if there is none worth a word. */
export function defaultText({ schema, default: value }: Option): string | undefined {
  if (schema.type === 'integer' || schema.type === 'number') return String(value);
  return Array.isArray(value) && value.length > 0 ? value.join(' ') : undefined;
}

/** Text in lines that fit a terminal, indented. */
export function wrap(text: string): string {
  const indent = ' '.repeat(INDENT);
  const lines = [indent];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string;
    if (line.length + word.length >= WIDTH) lines.push(`${indent}${word} `);
    else lines[lines.length - 1] = `${line}${word} `;
  }
  return lines.map((line) => line.trimEnd()).join('\n');
}

function entry(flags: string, description: string, value?: string): string {
  const text = value === undefined ? description : `${description} [${value}]`;
  return `  ${flags}\n${wrap(text)}\n`;
}

/** The text of `--help`. */
export function help(): string {
  const sections = [...new Set(OPTIONS.map(({ section }) => section))].map((section) => {
    const own = OPTIONS.filter((option) => option.section === section);
    const list = own.map((option) =>
      entry(flagsOf(option), option.description, defaultText(option)),
    );
    return `${section}:\n${list.join('')}`;
  });
  const command = COMMAND_OPTIONS.map(({ flags, description }) => entry(flags, description));
  return `picosocks5 ${version} - a SOCKS5 server

Usage: picosocks5 [OPTION]... [ADDRESS[:PORT]]...
       picosocks5 user [-f FILE] [-m METHODS] [-g GROUP] NAME
       picosocks5 check [OPTION]... USER COMMAND DESTINATION [CLIENT]
       picosocks5 extension list|info|install|remove|enable|disable|new [NAME]
       picosocks5 userdb FILE COMMAND [NAME]
       picosocks5 status|connections|top|disconnect|reload|lockouts|usage|
                  log|loglevel|run [OPTION]... [ARGUMENT]...

${sections.join('\n')}
Command:
${command.join('')}
Examples:
  picosocks5                              on this machine only, without users
  picosocks5 -a users.txt "*:1080"        for others, with the users of a file
  picosocks5 user -f users.txt alice      adds a user, or changes the password

The manual page picosocks5(8) says more.
`;
}
