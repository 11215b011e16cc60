import { Command, type CommandName } from '../../protocol/socks5.js';
import { associate } from './associate.js';
import { bind } from './bind.js';
import type { CommandHandler } from './command.js';
import { connect } from './connect.js';

const names: Readonly<Record<number, CommandName | undefined>> = {
  [Command.connect]: 'connect',
  [Command.bind]: 'bind',
  [Command.associate]: 'associate',
};

/** The name of a CMD; undefined if it is none of RFC 1928's. */
export function commandName(command: number): CommandName | undefined {
  return names[command];
}

/** What serves each command. */
export const commands: Readonly<Record<CommandName, CommandHandler>> = { connect, bind, associate };
