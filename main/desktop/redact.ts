/** What stands in place of what is nobody else's business. */
const HIDDEN = '…';

/** Fields of log lines that say who did what, and where. */
const FIELDS = /\b(user|group|from|name)=("(?:\\.|[^"\\])*"|\S+)/g;
const PLACES = /\b(client|destination|remote|via|local)=("(?:\\.|[^"\\])*"|\S+)/g;

/** The port of a place may stay: it says which protocol it is. */
function withoutHost(place: string): string {
  const port = /:(\d{1,5})"?$/.exec(place)?.[1];
  return port === undefined ? HIDDEN : `${HIDDEN}:${port}`;
}

/** The hosts that fields of a log line have: its other words may name them as well. */
export function placesIn(line: string): string[] {
  return [...line.matchAll(PLACES)].flatMap(([, , place = '']) => {
    const host = place
      .replace(/^"|"$/g, '')
      .replace(/:\d+$/, '')
      .replace(/^\[|\]$/g, '');
    return /^(127\.|::1$|localhost$|-?$)/.test(host) ? [] : [host];
  });
}

/**
 * Makes what hides names, passwords and places in a text that is to be shown to others.
 *
 * @param known texts that are hidden wherever they are: names of users and servers, for example.
 * @param home the user's folder, whose path has the user's name.
 */
export function redactor(known: readonly string[], home: string): (text: string) => string {
  const longest = [...new Set(known)].filter((one) => one.length > 1);
  longest.sort((a, b) => b.length - a.length);
  return (text) => {
    let hidden = text
      // What a URL says of who logs in (RFC 3986, 3.2.1).
      .replace(/(\/\/)[^\s/@"]*@/g, `$1${HIDDEN}@`)
      .replace(FIELDS, (_all, field: string) => `${field}=${HIDDEN}`)
      .replace(PLACES, (_all, field: string, place: string) => `${field}=${withoutHost(place)}`);
    if (home.length > 1) hidden = hidden.replaceAll(home, '~');
    for (const name of longest) hidden = hideWord(hidden, name);
    return hidden;
  };
}

/** Hides a text where it is no part of a longer word. */
function hideWord(text: string, name: string): string {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, 'gu'), HIDDEN);
}
