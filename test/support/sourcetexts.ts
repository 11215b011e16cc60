import { join, relative } from 'node:path';
import {
  type CallExpression,
  type Node,
  type SourceFile,
  SyntaxKind,
  type TaggedTemplateExpression,
} from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

/** Something of the source that a person would see, and that is not from the table of texts. */
export interface Finding {
  /** In the folder. */
  readonly file: string;
  readonly text: string;
}

/** What the sources of a project say that is not from the table, and `text()` that comes too early. */
export interface Findings {
  readonly literals: readonly Finding[];
  /** Texts that are made when a module is loaded, and so stay in the first language. */
  readonly early: readonly Finding[];
}

/** Attributes that people read. */
const READ =
  /^(title|placeholder|alt|label|aria-(label|description|placeholder|roledescription|valuetext))$/;

/** What is the same in every language: names of products, protocols and keys. */
const NAMES =
  /PicoSOCKS5|SOCKS ?[45]?a?|HTTPS?|JSON|CSV|CommandOrControl|(Alt|Ctrl|Shift)\b|Arrow\w+|Enter|Delete/g;

/** Calls whose texts are for the log and for developers, or are no texts. */
const NOT_READ =
  /(^|\.)(#?note|report|say|write|perLocale|query|querySelector(All)?|closest|matches|Error|Response|checkField)$/;

/** What looks like a text and is none. */
const NO_TEXTS: readonly string[] = [
  // Places of addresses, as main names them: the window has texts for them.
  ...['this computer', 'an address'],
  // D-Bus, and what other programs read.
  ...['IsStatusNotifierHostRegistered', 'Locked', 'System32', '-----BEGIN CERTIFICATE-----'],
  ...['Bearer'],
  // Settings of systems, as these name them.
  ...['Proxy Settings', 'Proxy Config Script', 'NoProxyFor', 'ReversedException', 'ProxyType'],
  ...['AutoConfigURL', 'ProxyServer', 'ProxyOverride', 'ProxyEnable', '.http use-authentication'],
  ...[
    'Empty',
    'Server',
    'Port',
    'Tab',
    'Backspace',
    'Control',
    'Meta',
    'AltGraph',
    'CapsLock',
    'Space',
  ],
  // Parts of the tray's menu, as the program knows them.
  ...['line more', 'problems line', 'problems clear', '.record input'],
  // Units, CSS, and what the log says of a process.
  ...['TiB', 'GiB', 'MiB', 'KiB', '11px system-ui', 'it ended with'],
];

/** Looks through all sources of the project in a folder, those in its `words/` aside. */
export function sourceTexts(folder: string): Findings {
  const api = new API({ cwd: folder });
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(folder, 'tsconfig.json')] });
    const [opened] = snapshot.getProjects();
    if (opened === undefined) throw new Error(`there is no project in ${folder}`);
    const { program } = opened;
    const names = program
      .getSourceFileNames()
      .filter((name) => name.startsWith(`${folder}/`) && !name.includes('/dist/'))
      .filter((name) => !name.startsWith(`${folder}/words/`));
    if (names.length === 0) throw new Error(`there is no source in ${folder}`);
    const findings = names.map((name) =>
      textsOf(program.getSourceFile(name) as SourceFile, relative(folder, name)),
    );
    return {
      literals: findings.flatMap(({ literals }) => literals),
      early: findings.flatMap(({ early }) => early),
    };
  } finally {
    api.close();
  }
}

function textsOf(source: SourceFile, file: string): Findings {
  const literals: Finding[] = [];
  const early: Finding[] = [];
  const say = (text: string) => literals.push({ file, text: text.trim().replace(/\s+/g, ' ') });
  const visit = (node: Node, inFunction: boolean): void => {
    if (isTemplate(node)) for (const text of inTemplate(node)) say(text);
    else if (isLiteral(node) && looksLikeText(node.text) && isRead(node)) say(node.text);
    if (
      node.kind === SyntaxKind.CallExpression &&
      !inFunction &&
      /^(text|pieces)\(/.test(node.getText(source))
    ) {
      early.push({ file, text: node.getText(source) });
    }
    node.forEachChild((child) => visit(child, inFunction || isFunction(node)));
  };
  visit(source, false);
  return { literals, early };
}

const FUNCTIONS = new Set([
  ...[SyntaxKind.ArrowFunction, SyntaxKind.FunctionDeclaration, SyntaxKind.FunctionExpression],
  ...[SyntaxKind.MethodDeclaration, SyntaxKind.GetAccessor, SyntaxKind.SetAccessor],
  ...[SyntaxKind.Constructor, SyntaxKind.PropertyDeclaration],
]);

const isFunction = ({ kind }: Node) => FUNCTIONS.has(kind);

const LITERALS = new Set([
  ...[SyntaxKind.StringLiteral, SyntaxKind.NoSubstitutionTemplateLiteral],
  ...[SyntaxKind.TemplateHead, SyntaxKind.TemplateMiddle, SyntaxKind.TemplateTail],
]);

function isLiteral(node: Node): node is Node & { readonly text: string } {
  return LITERALS.has(node.kind);
}

function isTemplate(node: Node): node is TaggedTemplateExpression {
  if (node.kind !== SyntaxKind.TaggedTemplateExpression) return false;
  return /^(html|svg)`/.test(node.getText());
}

/** Whether a literal can be something that a person reads, and not a name within the program. */
function isRead(node: Node): boolean {
  for (
    let child = node, parent = node.parent;
    parent !== undefined;
    child = parent, parent = parent.parent
  ) {
    switch (parent.kind) {
      case SyntaxKind.TaggedTemplateExpression:
        return false;
      case SyntaxKind.ImportDeclaration:
      case SyntaxKind.ExportDeclaration:
      case SyntaxKind.LiteralType:
      case SyntaxKind.CaseClause:
      case SyntaxKind.ElementAccessExpression:
      case SyntaxKind.ComputedPropertyName:
        return child === node ? false : parent.kind !== SyntaxKind.LiteralType && isBody(parent);
      case SyntaxKind.PropertyAssignment:
        if ((parent as unknown as { name: Node }).name === child) return false;
        break;
      case SyntaxKind.BinaryExpression: {
        const { operatorToken } = parent as unknown as { operatorToken: Node };
        if (COMPARISONS.has(operatorToken.kind)) return false;
        break;
      }
      case SyntaxKind.CallExpression:
      case SyntaxKind.NewExpression: {
        const { expression, arguments: given } = parent as unknown as CallExpression;
        const name = expression.getText();
        if (NOT_READ.test(name)) return false;
        // The name of a text, and notes for the log that are told by an event.
        const [first] = given ?? [];
        if (child === first && /^(text|pieces)$/.test(name)) return false;
        if (name.endsWith('.emit') && first?.getText() === "'note'") return false;
        break;
      }
    }
    if (isFunction(parent)) return true;
  }
  return true;
}

const isBody = ({ kind }: Node) => kind === SyntaxKind.CaseClause;

const COMPARISONS = new Set([
  ...[SyntaxKind.EqualsEqualsEqualsToken, SyntaxKind.ExclamationEqualsEqualsToken],
  SyntaxKind.InKeyword,
]);

/** Words with a space between them, or one that begins as a title does. */
function looksLikeText(text: string): boolean {
  if (
    NO_TEXTS.includes(text.trim()) ||
    /^(\[Desktop Entry\]|button:enabled|HKCU|\$type|(;\s*)?var [A-Z]+ = ?|\/\/ )/.test(text.trim())
  )
    return false;
  const own = text.replace(NAMES, '');
  return /^\p{Lu}(\p{Ll}| \p{L})/u.test(own) || /\p{L}{2,},? \p{L}{2,}/u.test(own);
}

/** A value of a template between its texts. */
const VALUE = '\uFFFC';

/** What a template of the page shows by itself: texts between tags, and in attributes. */
function inTemplate({ template }: TaggedTemplateExpression): string[] {
  const parts: string[] = [];
  const values: Node[] = [];
  const collect = (node: Node) => {
    if (isLiteral(node)) parts.push(node.text);
    else if (node.kind === SyntaxKind.TemplateSpan) node.forEachChild(collect);
    else values.push(node);
  };
  if (isLiteral(template)) parts.push(template.text);
  else template.forEachChild(collect);
  const page = parts.join(VALUE).replace(/<!--.*?-->/gs, '');
  const found: string[] = [];
  let value = 0;
  const take = (piece: string, isSeen: boolean) => {
    const own = piece.replaceAll(VALUE, '').replace(NAMES, '');
    if (isSeen && /\p{L}{2,}/u.test(own)) found.push(piece.replaceAll(VALUE, '{}'));
    for (let i = piece.split(VALUE).length; i > 1; i--) {
      const node = values[value++];
      if (isSeen && node !== undefined) found.push(...shownBy(node));
    }
  };
  for (const [, text = '', tag = ''] of page.matchAll(/([^<]*)(<[^>]*>?)?/g)) {
    take(text.replace(/&\w+;/g, ''), true);
    const attributes = /([^\s=<>"'/]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>]*))?/g;
    for (const [, name = '', content = ''] of tag.slice(1).matchAll(attributes)) {
      take(name, false);
      take(content.replace(/^(["'])(.*)\1$/s, '$2'), READ.test(name));
    }
  }
  return found;
}

/** The literals that the value of an expression can be. */
function shownBy(node: Node): string[] {
  const of = node as unknown as Record<string, Node>;
  switch (node.kind) {
    case SyntaxKind.ParenthesizedExpression:
      return shownBy(of['expression'] as Node);
    case SyntaxKind.ConditionalExpression:
      return [...shownBy(of['whenTrue'] as Node), ...shownBy(of['whenFalse'] as Node)];
    case SyntaxKind.BinaryExpression:
      return [...shownBy(of['left'] as Node), ...shownBy(of['right'] as Node)].filter(
        () => !COMPARISONS.has((of['operatorToken'] as Node).kind),
      );
    case SyntaxKind.StringLiteral:
    case SyntaxKind.NoSubstitutionTemplateLiteral: {
      const { text } = node as unknown as { text: string };
      return /\p{L}{2,}/u.test(text.replace(NAMES, '')) ? [text] : [];
    }
    case SyntaxKind.TemplateExpression: {
      const texts: string[] = [];
      const collect = (child: Node) => {
        if (isLiteral(child)) texts.push(child.text);
        else if (child.kind === SyntaxKind.TemplateSpan) child.forEachChild(collect);
      };
      node.forEachChild(collect);
      return /\p{L}{2,}/u.test(texts.join(' ').replace(NAMES, '')) ? [texts.join('{}')] : [];
    }
    default:
      return [];
  }
}
