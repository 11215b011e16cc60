import { html, nothing, type TemplateResult } from 'lit';
import type { ConnectionState } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { run } from '../commands.js';
import { icon } from '../icon.js';
import { stateText } from './connectioncolumns.js';
import { FIELDS, STATES } from './connectionfilter.js';
import type { Grouping } from './connectiongroups.js';
import type { Choices } from './logview.js';

/** What the toolbar shows, and what it does. */
interface ToolbarState {
  readonly choices: Choices;
  /** What is wrong with the filter. */
  readonly mistake: string | undefined;
  readonly follows: boolean;
  readonly hasRows: boolean;
  readonly hasLive: boolean;
  readonly choose: (choices: Partial<Choices>) => void;
  /** Lets the user choose columns, at a place of the window. */
  readonly chooseColumns: (x: number, y: number) => void;
  /** Gives the focus to the table. */
  readonly toTable: () => void;
}

const GROUPINGS = [
  ['', 'connections.groupNone'],
  ['host', 'connections.groupHost'],
  ['user', 'connections.groupUser'],
  ['program', 'connections.groupProgram'],
] as const satisfies readonly (readonly [Grouping, string])[];

const TABS = [
  ['log', 'connections.title'],
  ['top', 'connections.top'],
] as const;

/** The tabs of the view. @param counts how many rows there are, in words. */
export function connectionTabs(
  chosen: Choices['tab'],
  counts: string,
  choose: (tab: Choices['tab']) => void,
): TemplateResult {
  const press = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    choose(chosen === 'log' ? 'top' : 'log');
    const tabs = [...(event.currentTarget as HTMLElement).querySelectorAll('button')];
    tabs[chosen === 'log' ? 1 : 0]?.focus();
  };
  return html`<div class="tabs">
    <div role="tablist" aria-label=${text('connections.views')} @keydown=${press}>
      ${TABS.map(
        ([tab, title]) =>
          html`<button
            class="plain"
            role="tab"
            aria-selected=${tab === chosen}
            tabindex=${tab === chosen ? 0 : -1}
            @click=${() => choose(tab)}
          >
            ${text(title)}
          </button>`,
      )}
    </div>
    <span class="dim counts">${counts}</span>
  </div>`;
}

/** What is above the table of the connections. */
export function connectionToolbar(state: ToolbarState): TemplateResult {
  const { choices, mistake, follows, hasRows, hasLive, choose } = state;
  const openColumns = ({ currentTarget }: Event) => {
    const { left, bottom } = (currentTarget as HTMLElement).getBoundingClientRect();
    state.chooseColumns(left, bottom);
  };
  return html`<div class="toolbar" role="toolbar" aria-label=${text('connections.title')}>
      ${filterBox(state)}
      <select
        aria-label=${text('connections.state')}
        title=${text('connections.state')}
        @change=${(event: Event) =>
          choose({ only: (event.target as HTMLSelectElement).value as ConnectionState | '' })}
      >
        <option value="" .selected=${choices.only === ''}>${text('connections.allStates')}</option>
        ${STATES.map(
          (name) =>
            html`<option value=${name} .selected=${name === choices.only}>${stateText(name)}</option>`,
        )}
      </select>
      <select
        aria-label=${text('connections.group')}
        title=${text('connections.group')}
        @change=${(event: Event) =>
          choose({
            groupBy: (event.target as HTMLSelectElement).value as Grouping,
            ...{ closed: [], chosen: undefined, others: [] },
          })}
      >
        ${GROUPINGS.map(
          ([kind, title]) =>
            html`<option value=${kind} .selected=${kind === choices.groupBy}>${text(title)}</option>`,
        )}
      </select>
      <span class="tools">
        ${tool('connections.pause', 'debug-pause', true, choices.pausedAt !== undefined)}
        ${tool('connections.follow', 'arrow-down', true, follows)}
        <button
          class="plain"
          title=${text('connections.columns')}
          aria-label=${text('connections.columns')}
          aria-haspopup="menu"
          @click=${openColumns}
        >
          ${icon('layout')}
        </button>
        ${tool('connections.copy', 'copy', hasRows)}
        ${tool('connections.clear', 'clear-all')}
        <button
          class="plain"
          title=${text('connections.disconnectAll')}
          aria-label=${text('connections.disconnectAll')}
          ?disabled=${!hasLive}
          @click=${() => run('connections.disconnect-all')}
        >
          ${icon('debug-disconnect')}
        </button>
      </span>
      <span class="tools">
        ${exportButton('connections.csv', 'CSV', text('connections.exportCsv'), hasRows)}
        ${exportButton('connections.jsonl', 'JSON', text('connections.exportJson'), hasRows)}
      </span>
    </div>
    ${mistake === undefined ? nothing : html`<p class="invalid mistake" id="filter-mistake">${mistake}</p>`}`;
}

function filterBox({ choices, mistake, choose, toTable }: ToolbarState): TemplateResult {
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && choices.text !== '') choose({ text: '' });
    else if (event.key === 'Enter' || event.key === 'ArrowDown') toTable();
    else return;
    event.preventDefault();
  };
  const help = text('connections.filterHelp');
  return html`<span class="filter-box">
    <input
      type="text"
      class="filter"
      spellcheck="false"
      autocomplete="off"
      aria-label=${text('connections.filter')}
      aria-invalid=${mistake !== undefined}
      aria-describedby=${mistake === undefined ? 'filter-help' : 'filter-mistake'}
      aria-keyshortcuts="Control+F"
      placeholder=${text('connections.filterPlaceholder')}
      .value=${choices.text}
      @input=${(event: Event) => choose({ text: (event.target as HTMLInputElement).value })}
      @keydown=${press}
    />
    <button class="plain help" aria-label=${help} title=${help} popovertarget="filter-help">
      ${icon('question')}
    </button>
    ${filterHelp()}
  </span>`;
}

const EXAMPLES = [
  ['connections.exampleWords', 'connections.filterHelpWords'],
  ['connections.exampleText', 'connections.filterHelpText'],
  ['connections.exampleNumber', 'connections.filterHelpNumber'],
  ['connections.exampleNot', 'connections.filterHelpNot'],
] as const;

/** What a filter may be made of. */
function filterHelp(): TemplateResult {
  return html`<div id="filter-help" class="filter-help" popover>
    <h2>${text('connections.filterHelp')}</h2>
    <dl>
      ${EXAMPLES.map(
        ([example, about]) =>
          html`<dt><code>${text(example)}</code></dt>
            <dd>${text(about)}</dd>`,
      )}
    </dl>
    <p class="dim">${text('connections.filterHelpFields', { fields: FIELDS.join(', ') })}</p>
    <p class="dim">${text('connections.filterHelpStates', { states: STATES.join(', ') })}</p>
  </div>`;
}

const TOOLS = {
  'connections.pause': 'connections.pause',
  'connections.follow': 'connections.follow',
  'connections.copy': 'connections.copy',
  'connections.clear': 'connections.clear',
} as const;

function tool(
  command: keyof typeof TOOLS,
  symbol: string,
  enabled = true,
  pressed?: boolean,
): TemplateResult {
  const name = text(TOOLS[command]);
  return html`<button
    class="plain"
    title=${name}
    aria-label=${name}
    aria-pressed=${pressed ?? nothing}
    ?disabled=${!enabled}
    @click=${() => run(command)}
  >
    ${icon(symbol)}
  </button>`;
}

function exportButton(
  command: 'connections.csv' | 'connections.jsonl',
  label: string,
  name: string,
  enabled: boolean,
): TemplateResult {
  return html`<button
    class="secondary"
    aria-label=${name}
    title=${name}
    ?disabled=${!enabled}
    @click=${() => run(command)}
  >
    ${icon('export')} ${label}
  </button>`;
}
