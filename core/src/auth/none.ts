import { Method } from '../protocol/socks5.js';
import type { AuthenticationMethod } from './method.js';

/** NO AUTHENTICATION REQUIRED (RFC 1928 section 3). */
export const none: AuthenticationMethod = {
  id: 'none',
  code: Method.none,
  strength: 0,
  available: ({ anonymous }) => anonymous,
  authenticate: () => Promise.resolve({ user: undefined, group: undefined }),
};
