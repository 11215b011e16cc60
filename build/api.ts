import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const INDEX = join(root, 'core/dist/index.d.ts');

/** The file that shows the whole API of extensions; nothing imports it. */
export const API_FILE = join(root, 'core/docs/extension-api.d.ts');

/** Where the file's fingerprint stands, beside what has changed. */
export const CHANGELOG = join(root, 'CHANGELOG.md');
export const FINGERPRINT = /`core\/docs\/extension-api\.d\.ts`,\s+([0-9a-f]{12})\b/;

/** What extensions begin with: what is named there, and so on, is the rest of the API. */
const FIRST = [
  ...['ExtensionModule', 'ExtensionContext', 'ExtensionRegistries'],
  ...['Refusal', 'UserError', 'ProtocolError', 'Command', 'Reply', 'formatAddress'],
];

const HEAD = `// The API of PicoSOCKS5's extensions on one page, made of its sources by "npm run api": for
// reading, not for importing. What an extension imports, types and values, is in the package
// "picosocks5". docs/extensions.md says how an extension is written.

import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
`;

/** A declaration file: its text, and where the names that it imports or exports come from. */
interface Module {
  readonly text: string;
  readonly from: ReadonlyMap<string, string>;
}

const modules = new Map<string, Module>();

function moduleOf(file: string): Module {
  const known = modules.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(file, 'utf8');
  const from = new Map<string, string>();
  const imports = /^(?:import|export) (?:type )?\{([^}]*)\} from '(\.[^']*)';/gm;
  for (const [, names = '', specifier = ''] of text.matchAll(imports)) {
    const target = join(dirname(file), specifier.replace(/\.js$/, '.d.ts'));
    for (const name of names.split(',')) from.set(name.replace(/\btype\b/, '').trim(), target);
  }
  const module = { text, from };
  modules.set(file, module);
  return module;
}

/** A name's declarations, with the comment before each: a type and a value may share a name. */
function declarationsOf(text: string, name: string): string[] {
  const pattern = new RegExp(
    `^(?:/\\*\\*(?:(?!\\*/)[^])*\\*/\\n)?(?:export )?(?:declare )?(?:abstract )?` +
      `(?:class|interface|type|const|function) ${name}\\b`,
    'gm',
  );
  return [...text.matchAll(pattern)].map(({ index, 0: start }) => {
    const isBlock = /(?:class|interface) \w+$/.test(start);
    let depth = 0;
    for (let i = index + start.length; i < text.length; i++) {
      const character = text.charAt(i);
      if (text.startsWith('/*', i)) i = text.indexOf('*/', i) + 1;
      else if ('{(['.includes(character)) depth++;
      else if ('})]'.includes(character)) depth--;
      const isEnd = isBlock ? character === '}' : character === ';';
      if (depth === 0 && isEnd) return text.slice(index, i + 1);
    }
    return text.slice(index);
  });
}

/** A declaration as it stands in the file. */
function exported(declaration: string): string {
  return declaration
    .replace(/^( {4})+/gm, (indent) => ' '.repeat(indent.length / 2))
    .replace(/^ +#private;\n/gm, '')
    .replace(/^(?:export )?(?:declare )?(?=(?:abstract|class|const|function) )/m, 'export declare ')
    .replace(/^(?:export )?(?=(?:interface|type) )/m, 'export ');
}

/** The text of the file. */
export function extensionApi(): string {
  const parts: string[] = [];
  const seen = new Set<string>();
  const queue: (readonly [name: string, file: string])[] = FIRST.map((name) => [name, INDEX]);
  for (const [name, first] of queue) {
    if (seen.has(name)) continue;
    let file = first;
    // A name may be exported again on its way.
    for (let next = moduleOf(file).from.get(name); next !== undefined; ) {
      if (!existsSync(next)) break;
      file = next;
      next = moduleOf(file).from.get(name);
    }
    const { text, from } = moduleOf(file);
    const declarations = declarationsOf(text, name);
    if (declarations.length === 0) continue;
    seen.add(name);
    for (const declaration of declarations) {
      parts.push(exported(declaration));
      const code = declaration.replace(/\/\*\*.*?\*\//gs, '');
      for (const [word] of code.matchAll(/\b[A-Za-z]\w*\b/g)) {
        const isOurs = from.has(word) || declarationsOf(text, word).length > 0;
        if (isOurs && !seen.has(word)) queue.push([word, file]);
      }
    }
  }
  return `${HEAD}\n${parts.join('\n\n')}\n`;
}

/** What tells one API from another. */
export function fingerprint(api: string): string {
  return createHash('sha256').update(api).digest('hex').slice(0, 12);
}

if (process.argv[1] === import.meta.filename) {
  const api = extensionApi();
  writeFileSync(API_FILE, api);
  const log = readFileSync(CHANGELOG, 'utf8');
  const before = FINGERPRINT.exec(log)?.[1];
  const now = fingerprint(api);
  if (before !== now) {
    writeFileSync(
      CHANGELOG,
      log.replace(FINGERPRINT, (text) => text.replace(/\w+$/, now)),
    );
    process.stdout.write('The API has changed: say in CHANGELOG.md what is new.\n');
  }
}
