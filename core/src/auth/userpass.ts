import { Method } from '../protocol/socks5.js';
import { encodeStatus, parseCredentials } from '../protocol/userpass.js';
import type { AuthenticationMethod } from './method.js';
import { decodeUserName } from './username.js';

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
  async authenticate({ anonymous, client, passwords, read, write }) {
    const { user: userName, password } = await read(parseCredentials);
    try {
      const user = decodeUserName(userName);
      // RFC 1929 has one octet of a password at least, but password files take an empty one.
      if (anonymous && password.length === 0 && !(await passwords.mayBeEmpty(user))) {
        write(encodeStatus(true));
        return { user: undefined, group: undefined };
      }
      const result = await passwords.check(client, user, password);
      write(encodeStatus(!('failure' in result)));
      return result;
    } finally {
      password.fill(0);
    }
  },
};
