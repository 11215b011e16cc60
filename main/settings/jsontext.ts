import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { DocumentProblem } from '../ipc/contract.js';
import { type PlainKey, text } from '../words/words.js';

/** A mistake in a text, at an offset of it. */
export class JsonMistake extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** How deep values may be in each other: the parser calls itself for each. */
const MAX_DEPTH = 20;

/** What the parser calls mistakes, in a user's words. */
const MISTAKES: Readonly<Record<string, PlainKey>> = {
  PropertyNameExpected: 'settingsfile.nameExpected',
  ValueExpected: 'settingsfile.valueExpected',
  InvalidSymbol: 'settingsfile.valueExpected',
  ColonExpected: 'settingsfile.colonExpected',
  CommaExpected: 'settingsfile.commaExpected',
  CloseBraceExpected: 'settingsfile.braceExpected',
  CloseBracketExpected: 'settingsfile.bracketExpected',
  EndOfFileExpected: 'settingsfile.endExpected',
  InvalidCommentToken: 'settingsfile.comment',
  UnexpectedEndOfComment: 'settingsfile.comment',
  UnexpectedEndOfString: 'settingsfile.quoteExpected',
  InvalidNumberFormat: 'settingsfile.badNumber',
  UnexpectedEndOfNumber: 'settingsfile.badNumber',
};

/**
 * Reads JSON (RFC 8259) with the places of its values; no name may be there twice in an object.
 *
 * @throws {JsonMistake} for the first mistake.
 */
export function readJson(json: string): Node {
  if (depthOf(json) > MAX_DEPTH) throw new JsonMistake(0, text('settingsfile.tooDeep'));
  const errors: ParseError[] = [];
  const root = parseTree(json, errors, { disallowComments: true, allowTrailingComma: false });
  if (errors.length > 0) throw firstOf(errors, root);
  if (root === undefined) throw new JsonMistake(0, text('settingsfile.valueExpected'));
  demandOnce(root);
  return root;
}

/** @param root what stands there, if that can be told. */
function firstOf(errors: readonly ParseError[], root: Node | undefined): JsonMistake {
  const first = errors.reduce((a, b) => (b.offset < a.offset ? b : a));
  const { offset } = first;
  const name = printParseErrorCode(first.error) as string;
  const isBehind = root !== undefined && offset >= root.offset + root.length;
  if (isBehind && name === 'InvalidSymbol') {
    return new JsonMistake(offset, text('settingsfile.endExpected'));
  }
  return new JsonMistake(offset, text(MISTAKES[name] ?? 'settingsfile.badCharacter'));
}

/** How many brackets are open at once at most, those in strings aside. */
function depthOf(json: string): number {
  let [depth, deepest] = [0, 0];
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[{}\]]/gs)) {
    if (token === '{' || token === '[') deepest = Math.max(deepest, ++depth);
    else if (token === '}' || token === ']') depth--;
  }
  return deepest;
}

function demandOnce(node: Node): void {
  const names = new Set<string>();
  for (const child of node.children ?? []) {
    if (node.type === 'object') {
      const { name, at } = propertyOf(child);
      if (names.has(name)) throw new JsonMistake(at, text('settingsfile.twice', { name }));
      names.add(name);
    }
    demandOnce(child);
  }
}

/** A property of an object: its name, where that is, and its value. */
export interface Property {
  readonly name: string;
  readonly at: number;
  readonly value: Node;
}

function propertyOf({ children: [key, value] = [] }: Node): Property {
  if (key === undefined || value === undefined) throw new Error('a property without a value');
  return { name: String(key.value), at: key.offset, value };
}

/** The properties of an object, in their order. @throws {JsonMistake} if it is none. */
export function propertiesOf(node: Node): Property[] {
  if (node.type !== 'object') throw new JsonMistake(node.offset, text('settingsfile.noObject'));
  return (node.children ?? []).map(propertyOf);
}

/** Where a mistake is, as editors say it: line and column count from 1. */
export function problemOf(json: string, { offset, message }: JsonMistake): DocumentProblem {
  const before = json.slice(0, offset).split('\n');
  const column = (before.at(-1) ?? '').length + 1;
  return { line: before.length, column, offset, message };
}
