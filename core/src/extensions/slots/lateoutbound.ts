import type { Outbound } from '../../outbound/outbound.js';

/**
 * A way out of an extension, asked for by what is loaded before the extension is activated, and used
 * after that, also when it has been activated anew meanwhile.
 *
 * @param id its own, or the scheme of a URL that asks for it.
 * @param find what it is at the moment, if it is there.
 */
export function lateOutbound(
  id: string,
  isScheme: boolean,
  find: () => Outbound | undefined,
): Outbound {
  return {
    id: isScheme ? `${id}://` : id,
    ...(isScheme && { schemes: [id] }),
    get resolves() {
      return find()?.resolves ?? true;
    },
    serves: () => false,
    get datagrams() {
      const outbound = find();
      return outbound?.datagrams?.bind(outbound);
    },
    async connect(request, upstream) {
      const outbound = find();
      if (outbound === undefined) throw new Error('its extension is not active');
      return outbound.connect(request, upstream);
    },
  };
}
