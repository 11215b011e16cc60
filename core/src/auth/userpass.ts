import { Method } from '../protocol/socks5.js';
import { encodeStatus, parseCredentials } from '../protocol/userpass.js';
import type { AuthenticationMethod } from './method.js';
import { decodeUserName } from './username.js';

/** USERNAME/PASSWORD (RFC 1929). */
export const userpass: AuthenticationMethod = {
  id: 'userpass',
  code: Method.userpass,
  strength: 10,
  available: ({ users }) => users.configured,
  async authenticate({ client, passwords, read, write }) {
    const { user: userName, password } = await read(parseCredentials);
    const user = decodeUserName(userName);
    const check = await passwords.check(client, user, password);
    password.fill(0);
    write(encodeStatus('group' in check));
    return 'group' in check ? { user, group: check.group } : { user, ...check };
  },
};
