import { messageOf, UserError } from 'picosocks5';
import { text } from '../words/words.js';

/**
 * What the server complains of, as who has no command line has to read it: in the language in force
 * where the error has a code, in the server's own English elsewhere.
 */
export function desktopWords(error: unknown): string {
  const known = error instanceof UserError ? knownWords(error) : undefined;
  const message = messageOf(error);
  const ofLan = /^\[listener:lan\]: /;
  const problem = known ?? capital(message.replace(ofLan, ''));
  return ofLan.test(message) ? text('server.inLan', { problem }) : problem;
}

/** An error in the language in force; undefined if it has no code that says enough. */
export function knownWords({ code, subject, cause }: UserError): string | undefined {
  if (subject === undefined) return undefined;
  switch (code) {
    case 'open-proxy':
      return text('server.openProxy', { address: subject });
    case 'extension-disabled':
      return text('server.extensionDisabled', { name: subject });
    case 'address-in-use':
      // Addresses of our own that are in each other's way are another matter.
      return cause instanceof UserError
        ? undefined
        : text('server.addressInUse', { address: subject });
    case 'address-missing':
      return text('server.addressMissing', { address: subject });
    case 'port-denied':
      return text(process.platform === 'win32' ? 'server.portReserved' : 'server.portDenied', {
        address: subject,
      });
    case 'unresolved':
      return text('server.unresolved', { name: subject });
    default:
      return undefined;
  }
}

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
