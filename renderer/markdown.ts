import { html, type TemplateResult } from 'lit';

/** A part of a text, as it stands between others. */
type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly string[] }
  | { readonly kind: 'code'; readonly text: string };

const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const ITEM = /^ {0,3}(?:([-*+])|\d{1,9}[.)])\s+(.*)$/;

/**
 * Takes a text apart that is written as Markdown has it: headings, paragraphs, lists and code. What
 * is anything else, HTML above all, is a paragraph that is read as it stands.
 */
function blocksOf(text: string): Block[] {
  const lines = text.split(/\r?\n/);
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const finish = () => {
    if (paragraph.length > 0) blocks.push({ kind: 'paragraph', text: paragraph.join(' ') });
    paragraph = [];
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const [, fence] = FENCE.exec(line) ?? [];
    const [, marks, title] = HEADING.exec(line) ?? [];
    if (fence !== undefined) {
      finish();
      const end = lines.findIndex((other, j) => j > i && other.trim().startsWith(fence));
      const last = end < 0 ? lines.length : end;
      blocks.push({ kind: 'code', text: lines.slice(i + 1, last).join('\n') });
      i = last;
    } else if (marks !== undefined) {
      finish();
      blocks.push({ kind: 'heading', level: marks.length, text: title ?? '' });
    } else if (/^\s*\|.*\|\s*$/.test(line)) {
      // A table is read as it was written.
      finish();
      let end = i;
      while (/^\s*\|.*\|\s*$/.test(lines[end] ?? '')) end++;
      blocks.push({ kind: 'code', text: lines.slice(i, end).join('\n') });
      i = end - 1;
    } else if (/^(?: {4}|\t)/.test(line) && paragraph.length === 0 && line.trim() !== '') {
      let end = i;
      while (/^(?: {4}|\t)/.test(lines[end] ?? '')) end++;
      const code = lines.slice(i, end).map((one) => one.replace(/^(?: {4}|\t)/, ''));
      blocks.push({ kind: 'code', text: code.join('\n') });
      i = end - 1;
    } else if (ITEM.test(line)) {
      finish();
      i = takeList(lines, i, blocks) - 1;
    } else if (line.trim() === '') finish();
    else paragraph.push(line.trim());
  }
  finish();
  return blocks;
}

/** @returns the line behind the list that begins at a line. */
function takeList(lines: readonly string[], start: number, blocks: Block[]): number {
  const ordered = ITEM.exec(lines[start] ?? '')?.[1] === undefined;
  const items: string[] = [];
  let at = start;
  for (; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const [whole, , text = ''] = ITEM.exec(line.replace(/^\s+/, '')) ?? [];
    if (whole !== undefined) items.push(text);
    else if (/^\s+\S/.test(line)) items.push(`${items.pop() ?? ''} ${line.trim()}`);
    else break;
  }
  blocks.push({ kind: 'list', ordered, items });
  return at;
}

/** Text with code, emphasis and links in it; a link is its text, for nothing can be opened. */
function inline(text: string): (TemplateResult | string)[] {
  const parts = text.split(/(`+[^`]+`+|\*\*[^*]+\*\*|!?\[[^\]]*\]\([^)\s]*(?:\s+"[^"]*")?\))/);
  return parts.map((part) => {
    if (/^`+[^`]+`+$/.test(part)) return html`<code>${part.replace(/^`+|`+$/g, '')}</code>`;
    if (/^\*\*[^*]+\*\*$/.test(part)) return html`<strong>${part.slice(2, -2)}</strong>`;
    const [, label, target] = /^!?\[([^\]]*)\]\(([^)\s]*)/.exec(part) ?? [];
    if (label === undefined) return part;
    return html`<span title=${target ?? ''}>${label.replace(/`/g, '')}</span>`;
  });
}

/**
 * Draws a text of somebody else: as components of the window, and nothing in it is HTML.
 *
 * @param top the level of its highest headings.
 */
export function markdown(text: string, top = 3): TemplateResult {
  return html`<div class="markdown">${blocksOf(text).map((block) => draw(block, top))}</div>`;
}

function draw(block: Block, top: number): TemplateResult {
  switch (block.kind) {
    case 'heading': {
      const level = Math.min(6, block.level + top - 1);
      return html`<p role="heading" aria-level=${level} class="heading level-${block.level}">
        ${inline(block.text)}
      </p>`;
    }
    case 'paragraph':
      return html`<p>${inline(block.text)}</p>`;
    case 'code':
      return html`<pre tabindex="0"><code>${block.text}</code></pre>`;
    case 'list': {
      const items = block.items.map((item) => html`<li>${inline(item)}</li>`);
      return block.ordered ? html`<ol>${items}</ol>` : html`<ul>${items}</ul>`;
    }
  }
}
