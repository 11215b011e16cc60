import { Method } from '../protocol/socks5.js';
import { encodeStatus, parseCredentials } from '../protocol/userpass.js';
import type { AuthenticationMethod } from './method.js';
import { decodeUserName } from './username.js';
import type { Users } from './users.js';

/**
 * USERNAME/PASSWORD (RFC 1929). Some clients, Java's above all, offer it whether they have a password
 * or not, and then send an empty one with the name of the system's user: where clients need not
 * authenticate, they come as one who does not.
 */
export const userpass: AuthenticationMethod = {
  id: 'userpass',
  code: Method.userpass,
  strength: 10,
  available: ({ users }) => users.configured,
  refusal: encodeStatus(false),
  async authenticate({ anonymous, client, users, passwords, read, write }) {
    const { user: userName, password } = await read(parseCredentials);
    try {
      const user = decodeUserName(userName);
      const none = password.length === 0 && !hasEmptyPassword(users, user);
      if (anonymous && none) {
        write(encodeStatus(true));
        return { user: undefined, group: undefined };
      }
      const check = await passwords.check(client, user, password);
      write(encodeStatus('group' in check));
      return 'group' in check ? { user, group: check.group } : { user, ...check };
    } finally {
      password.fill(0);
    }
  },
};

/** RFC 1929 has one octet of a password at least, but password files take an empty one. */
function hasEmptyPassword(users: Users, user: string): boolean {
  const secret = users.secret(user);
  return secret?.kind === 'plain' && secret.password.length === 0;
}
