import { Attribute, chapResponse, encodeChap, HMAC_MD5 } from '#core/protocol/chap.js';
import { type Login, PASSWORD, USER } from './job.js';

const methods = { none: 0, password: 2, chap: 3 } as const;
const user = Buffer.from(USER);
const password = Buffer.from(PASSWORD);
const credentials = Buffer.from([1, user.length, ...user, password.length, ...password]);
const offer = encodeChap(
  [Attribute.algorithms, Uint8Array.of(HMAC_MD5)],
  [Attribute.userIdentity, user],
);
/** Where the challenge of 32 octets stands: VER, NAVAS, ALGORITHMS of one octet, its own head. */
const [CHALLENGE, MESSAGE] = [7, 39];

/** Sends octets. @returns as many in answer as asked for. */
export type Exchange = (octets: Uint8Array, answer: number) => Promise<Buffer>;

/** Speaks SOCKS 5 to a proxy, up to its reply. @returns the port in the reply. */
export async function shakeHands(
  exchange: Exchange,
  login: Login,
  command: number,
  port: number,
): Promise<number> {
  const method = methods[login];
  const choice = await exchange(Buffer.of(5, 1, method), 2);
  if (choice[1] !== method) throw new Error(`the proxy does not offer ${login}`);
  if (login === 'password') verify(await exchange(credentials, 2), 1);
  if (login === 'chap') {
    const challenge = (await exchange(offer, MESSAGE)).subarray(CHALLENGE);
    const response = chapResponse(password, challenge);
    verify(await exchange(encodeChap([Attribute.response, response]), 5), 4);
  }
  const host = command === 1 ? [127, 0, 0, 1] : [0, 0, 0, 0];
  const reply = await exchange(
    Buffer.from([5, command, 0, 1, ...host, port >> 8, port & 0xff]),
    10,
  );
  verify(reply, 1);
  return reply.readUInt16BE(8);
}

function verify(answer: Buffer, index: number): void {
  if (answer[index] !== 0) throw new Error(`the proxy refuses: ${answer.toString('hex')}`);
}
