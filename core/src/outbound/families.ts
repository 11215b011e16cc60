import type { NameAnswer } from './lookup.js';
import type { Family } from './prefer.js';

/** How long a family's addresses wait for the other's, ms (RFC 8305 section 3, but patient). */
const FAMILY_DELAY = 300;
/** How long an answer holds of which a family is missing, ms. */
const PARTIAL_TIME = 10_000;

/**
 * Asks for the addresses of one family or of both, which are asked for at once: when one's are
 * there, the other's are not waited for much longer.
 *
 * @param ask asks for a family's. It fails if nobody knows them now.
 * @param giveUp ends the query that is still open.
 * @returns addresses of IPv6 first; none if there is no such name.
 * @throws what `ask` throws, if no address is known and a family's are not.
 */
export function askFamilies(
  only: Family | undefined,
  ask: (family: Family) => Promise<NameAnswer>,
  giveUp: () => void,
): Promise<NameAnswer> {
  if (only !== undefined) return ask(only);
  return new Promise((resolve, reject) => {
    const found: [ipv6: NameAnswer | undefined, ipv4: NameAnswer | undefined] = [
      undefined,
      undefined,
    ];
    let open = 2;
    let trouble: { readonly error: unknown } | undefined;
    let delay: NodeJS.Timeout | undefined;
    const finish = () => {
      if (open < 0) return;
      clearTimeout(delay);
      const late = open > 0;
      open = -1;
      if (late) giveUp();
      const answers = found.filter((answer) => answer !== undefined);
      const having = answers.filter(({ addresses }) => addresses.length > 0);
      if (having.length === 0 && trouble !== undefined) {
        reject(trouble.error);
        return;
      }
      const ttl = Math.min(...(having.length > 0 ? having : answers).map((answer) => answer.ttl));
      const addresses = having.flatMap((answer) => answer.addresses);
      resolve({ addresses, ttl: answers.length < 2 ? Math.min(ttl, PARTIAL_TIME) : ttl });
    };
    const note = async (place: 0 | 1, query: Promise<NameAnswer>) => {
      try {
        const answer = await query;
        found[place] = answer;
        // What came while this process stood still is read before it is over.
        const over = () => setImmediate(finish);
        if (answer.addresses.length > 0 && open > 0) delay ??= setTimeout(over, FAMILY_DELAY);
      } catch (error) {
        trouble ??= { error };
      }
      open--;
      if (open === 0) finish();
    };
    void note(0, ask('ipv6'));
    void note(1, ask('ipv4'));
  });
}
