import type { Identity } from '../../auth/method.js';
import type { CloseReason } from '../../log/events.js';
import { DomainError } from '../../protocol/address.js';
import { encodeReply4, parseRequest4, VERSION4 } from '../../protocol/socks4.js';
import { Command, Reply } from '../../protocol/socks5.js';
import type { Dialect, Dialogue, Identification } from '../dialect.js';
import { Refusal } from '../refusal.js';

/** SOCKS 4 and 4a: for clients that need not authenticate, since it has no password. */
export const socks4: Dialect = {
  id: 'socks4',
  recognizes: ([first]) => (first === undefined ? undefined : first === VERSION4),
  identify,
  readRequest: (dialogue) => dialogue.read(parseRequest4),
  encode: encodeReply4,
};

/** All is in one message: it is looked at here, and read as the request. */
async function identify(dialogue: Dialogue, by: Identification): Promise<Identity> {
  by.chose('socks4');
  const { command } = await dialogue.peek(parseRequest4).catch(refuseDomain);
  if (!by.socks4) throw refuse('unsupported', 'SOCKS 4 is switched off', 'socks4-off');
  if (by.identity === undefined && !by.authentication.anonymous) {
    throw refuse('no-acceptable-method', 'SOCKS 4 cannot authenticate', 'socks4-login');
  }
  if (command !== Command.connect && command !== Command.bind) {
    const reply = Reply.commandNotSupported;
    throw new Refusal('unsupported', `command ${command} of SOCKS 4`, { reply });
  }
  return by.identity ?? { user: undefined, group: undefined };
}

function refuse(reason: CloseReason, detail: string, code: 'socks4-off' | 'socks4-login'): Refusal {
  return new Refusal(reason, detail, { reply: Reply.notAllowed, diagnosis: { code } });
}

function refuseDomain(cause: unknown): never {
  if (!(cause instanceof DomainError)) throw cause;
  throw new Refusal('protocol-error', cause.message, { reply: Reply.hostUnreachable, cause });
}
