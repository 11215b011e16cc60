import { messageOf, UserError } from 'picosocks5';

/** What the server complains of, as who has no command line has to read it. */
export function desktopWords(error: unknown): string {
  if (error instanceof UserError && error.code === 'open-proxy') {
    return (
      `Refusing to listen on ${error.subject} without users: everybody who can reach it could use ` +
      'the proxy; add users, or allow anonymous access in the settings'
    );
  }
  if (error instanceof UserError && error.code === 'extension-disabled') {
    return (
      `The extension "${error.subject}" is disabled, and something asks for it: enable it in the ` +
      'view Extensions'
    );
  }
  const sentence = messageOf(error).replace(/^\[listener:lan\]: /, 'Local network: ');
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
