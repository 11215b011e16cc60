const yes = ['yes', 'true', '1', 'on'];
const no = ['no', 'false', '0', 'off', ''];

/** A word for yes or no, as it stands on the command line or in a file; undefined if it is neither. */
export function parseFlag(text: string): boolean | undefined {
  const word = text.toLowerCase();
  return yes.includes(word) ? true : no.includes(word) ? false : undefined;
}
