/** Where questions and events go. */
export interface Target {
  readonly url: URL;
  /** The URL as it may be shown: without what stands for a user and a password. */
  readonly shown: string;
  /** What the URL says of a user and a password, as `Authorization` (RFC 7617). */
  readonly basic: string | undefined;
}

/**
 * Reads the URL of a web service.
 *
 * @param place what it is of, for messages.
 * @throws {Error} saying what is wrong, without showing a password.
 */
export function parseTarget(text: string, place: string): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    throw new Error(`${place}: expected a URL such as https://users.example/login`);
  }
  const { username, password } = url;
  const credentials = `${decode(username, place)}:${decode(password, place)}`;
  url.username = url.password = url.hash = '';
  const shown = `${url.origin}${url.pathname}${url.search === '' ? '' : '?...'}`;
  const basic =
    username === '' && password === ''
      ? undefined
      : `Basic ${Buffer.from(credentials).toString('base64')}`;
  return { url, shown, basic };
}

/** Whether what is sent there can be read on the way. */
export function isClear({ url }: Target): boolean {
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return url.protocol === 'http:' && !isLocal;
}

function decode(text: string, place: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error(`${place}: user and password of the URL are not percent-encoded`);
  }
}
