import { html, nothing, type TemplateResult } from 'lit';
import { customElement, query } from 'lit/decorators.js';
import { LOG_LEVELS, type LogLevelName, type LogState } from '../../main/ipc/contract.js';
import { perLocale } from '../../main/words/language.js';
import { text as words } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { provide, run } from '../commands.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { isGap, type LogFilter, LogLines, type LogRow, lineText } from '../loglines.js';
import { recall, remember } from '../memory.js';
import { model } from '../model.js';
import type { Column } from '../table/columns.js';
import type { TableContent, VirtualTable } from '../table/virtualtable.js';
import '../table/virtualtable.js';
import { registerView } from '../viewregistry.js';

const HEIGHTS = { row: 22, head: 28 };

/** How long a level can be chosen for, minutes. */
const WHILE = [
  { level: 'debug', minutes: 10 },
  { level: 'debug', minutes: 60 },
  { level: 'info', minutes: 60 },
] as const satisfies readonly { level: LogLevelName; minutes: number }[];

interface Choices extends LogFilter {
  readonly follow: boolean;
  readonly chosen: number | undefined;
  /** Lines up to this one have been cleared away. */
  readonly cleared: number;
}

const INITIAL: Choices = { text: '', level: 'debug', follow: true, chosen: undefined, cleared: 0 };

/** They outlive visits to other views; the choices outlive the page itself. */
const lines = new LogLines();
let choices: Choices = recall('log', INITIAL);
let logState: LogState | undefined;
/** Where it was scrolled to when it was left, px. */
let lastTop: number | undefined;

/** The log of the app: its last lines, and what is written to it. */
@customElement('pico-log')
export class LogPage extends PageElement {
  #ends: (() => void)[] = [];
  #isWatching = false;
  #shown: readonly LogRow[] = [];
  #isStale = true;
  #frame: number | undefined;
  @query('pico-table') accessor table!: VirtualTable | null;

  override connectedCallback(): void {
    super.connectedCallback();
    const watch = () => this.#watchIfSeen();
    const { subscribe } = window.picosocks5;
    document.addEventListener('visibilitychange', watch);
    this.#ends = [
      () => document.removeEventListener('visibilitychange', watch),
      subscribe('logLines', (more) => {
        if (!this.#isWatching) return;
        lines.add(more);
        this.#changed();
      }),
      subscribe('logState', (state) => {
        logState = state;
        this.requestUpdate();
      }),
      provide({
        'log.follow': { run: () => this.#toggleFollowing() },
        'log.clear': { run: () => this.#clear() },
        'log.copy': { enabled: () => this.#shown.length > 0, run: () => this.#copyAll() },
      }),
    ];
    watch();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    lastTop = this.table?.body?.scrollTop;
    for (const end of this.#ends) end();
    this.#unwatch();
  }

  protected override willUpdate(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#shown = lines.select(choices);
  }

  override render(): TemplateResult {
    return html`<div class="page table-page log">
      <h1 class="hidden">${words('log.title')}</h1>
      ${this.#toolbar()}
      <div class="log-body">
        <pico-table .content=${this.#content()}></pico-table>
        ${
          choices.follow || this.#shown.length === 0
            ? nothing
            : html`<button class="jump" @click=${() => this.#jump()}>
              ${icon('arrow-down')} ${words('log.jump')}
            </button>`
        }
      </div>
      ${this.#details()}
      <p class="hidden" aria-live="polite">${this.#counts()}</p>
    </div>`;
  }

  #choose(more: Partial<Choices>): void {
    choices = { ...choices, ...more };
    remember('log', choices);
    this.#isStale = true;
    this.requestUpdate();
  }

  /** Takes new lines while somebody looks. */
  #watchIfSeen(): void {
    if (document.visibilityState !== 'visible') this.#unwatch();
    else if (!this.#isWatching) {
      this.#isWatching = true;
      void model.attempt(async () => {
        const { lines: all, state } = await request('log.watch');
        logState = state;
        lines.replace(all, choices.cleared);
        this.#isStale = true;
        this.requestUpdate();
        await this.updateComplete;
        this.#comeBack();
      });
    }
  }

  /** Scrolls to what was read before another view was visited. */
  #comeBack(): void {
    const body = this.table?.body;
    if (lastTop === undefined || choices.follow || !body) return;
    body.scrollTop = lastTop;
    lastTop = undefined;
  }

  #unwatch(): void {
    if (!this.#isWatching) return;
    this.#isWatching = false;
    void model.attempt(() => request('log.unwatch'));
  }

  #changed(): void {
    this.#isStale = true;
    if (this.#frame !== undefined) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = undefined;
      this.requestUpdate();
    });
  }

  #content(): TableContent<LogRow> {
    return {
      label: words('log.title'),
      columns: columns(),
      rows: this.#shown,
      heights: HEIGHTS,
      order: { key: 'time', descending: false },
      newestFirst: false,
      follows: choices.follow,
      chosen: choices.chosen,
      now: model.instant,
      empty: words(lines.size > 0 ? 'log.emptyFilter' : 'log.empty'),
      rowClass: (row) => (isGap(row) ? 'gap' : `level-${row.level}`),
      choose: (id) => this.#choose({ chosen: id, follow: false }),
      // Lines have one order: the one that they came in.
      sort: () => {},
      follow: (follow) => this.#choose({ follow }),
      menu: () => {},
      press: (event) => {
        if (event.key === 'Escape') this.#choose({ chosen: undefined });
        else if (event.key === 'c' && (event.ctrlKey || event.metaKey)) this.#copyLine();
      },
    };
  }

  #toolbar(): TemplateResult {
    const some = this.#shown.length > 0;
    return html`<div class="toolbar" role="toolbar" aria-label=${words('log.title')}>
      <input
        type="search"
        class="filter"
        aria-label=${words('log.filter')}
        placeholder=${words('log.filterHint')}
        .value=${choices.text}
        @input=${(event: Event) => this.#filter({ text: (event.target as HTMLInputElement).value })}
      />
      <select
        aria-label=${words('log.shown')}
        @change=${({ target }: Event) =>
          this.#filter({ level: (target as HTMLSelectElement).value as LogFilter['level'] })}
      >
        ${SHOWN.map(
          ([level, key]) =>
            html`<option value=${level} .selected=${level === choices.level}>${words(key)}</option>`,
        )}
      </select>
      ${this.#levels()}
      <button
        class="plain"
        title=${words('log.follow')}
        aria-label=${words('log.follow')}
        aria-pressed=${choices.follow}
        @click=${() => run('log.follow')}
      >
        ${icon('arrow-down')}
      </button>
      <button
        class="plain"
        title=${words('log.clear')}
        aria-label=${words('log.clearName')}
        ?disabled=${lines.size === 0}
        @click=${() => run('log.clear')}
      >
        ${icon('clear-all')}
      </button>
      <button
        class="plain"
        title=${words('log.copy')}
        aria-label=${words('log.copyName')}
        ?disabled=${!some}
        @click=${() => run('log.copy')}
      >
        ${icon('copy')}
      </button>
      <button
        class="secondary"
        title=${words('log.openHint', { file: logState?.file ?? '' })}
        ?disabled=${model.elsewhere !== undefined}
        @click=${() => run('log.open')}
      >
        ${words('log.open')}
      </button>
      <span class="dim counts">${this.#counts()}</span>
    </div>`;
  }

  /** What is written, and for how long. */
  #levels(): TemplateResult {
    const { level, until } = logState ?? {};
    const change = ({ target }: Event) => {
      const select = target as HTMLSelectElement;
      const [chosen, minutes] = select.value.split(' ') as [LogLevelName, string?];
      const span = minutes === undefined ? {} : { minutes: Number(minutes) };
      void model.attempt(() => request('log.level', { level: chosen, ...span }));
    };
    return html`<select
      class="level"
      aria-label=${words('log.level')}
      title=${words('log.levelHint', { level: level ?? '' })}
      @change=${change}
    >
      ${
        level !== undefined && until !== undefined
          ? html`<option value="${level} now" disabled .selected=${true}>
            ${words('log.levelUntil', { level: words(`log.${level}`), time: timeOfDay(until) })}
          </option>`
          : nothing
      }
      <optgroup label=${words('log.levelKept')}>
        ${LOG_LEVELS.map(
          (name) =>
            html`<option value=${name} .selected=${until === undefined && name === level}>
              ${words(`log.${name}`)}
            </option>`,
        )}
      </optgroup>
      ${WHILE.map(
        ({ level: name, minutes }) => html`<optgroup label=${span(minutes)}>
          <option value="${name} ${minutes}">${words(`log.${name}`)}</option>
        </optgroup>`,
      )}
    </select>`;
  }

  #details(): TemplateResult | typeof nothing {
    const line = choices.chosen === undefined ? undefined : lines.get(choices.chosen);
    if (line === undefined) return nothing;
    return html`<aside class="details log-line" aria-label=${words('log.details')}>
      <code>${lineText(line)}</code>
      <button
        class="plain"
        aria-label=${words('log.copyLine')}
        title=${words('log.copyLine')}
        @click=${() => this.#copyLine()}
      >
        ${icon('copy')}
      </button>
      <button
        class="plain"
        aria-label=${words('log.closeDetails')}
        title=${words('log.closeDetails')}
        @click=${() => {
          this.#choose({ chosen: undefined });
          this.table?.focus();
        }}
      >
        ${icon('close')}
      </button>
    </aside>`;
  }

  #counts(): string {
    const shown = this.#shown.filter((row) => !isGap(row)).length;
    return shown === lines.size
      ? words('log.lines', { count: shown })
      : words('log.linesOf', { shown, count: lines.size });
  }

  #filter(more: Partial<LogFilter>): void {
    this.table?.forget();
    this.#choose(more);
  }

  #jump(): void {
    this.#choose({ follow: true });
    this.table?.focus();
  }

  #toggleFollowing(): void {
    if (choices.follow) this.table?.hold();
    this.#choose({ follow: !choices.follow });
  }

  #clear(): void {
    this.#choose({ cleared: lines.last, chosen: undefined });
    lines.replace([]);
  }

  #copyLine(): void {
    const line = choices.chosen === undefined ? undefined : lines.get(choices.chosen);
    if (line !== undefined) void copyLines([line]);
  }

  #copyAll(): void {
    void copyLines(this.#shown);
  }
}

const SHOWN = [
  ['debug', 'log.shownAll'],
  ['notice', 'log.shownNotice'],
  ['warn', 'log.shownWarn'],
  ['err', 'log.shownErr'],
] as const;

function columns(): readonly Column<LogRow>[] {
  return [
    {
      key: 'time',
      title: words('log.columnTime'),
      width: 92,
      text: (row) => (isGap(row) ? '' : exactTime(row.time)),
      hint: (row) => (isGap(row) ? '' : new Date(row.time).toISOString()),
    },
    {
      key: 'level',
      title: words('log.columnLevel'),
      width: 76,
      text: (row) => (isGap(row) ? '' : row.level),
    },
    {
      key: 'text',
      title: words('log.columnText'),
      width: 200,
      fills: true,
      text: (row) => (isGap(row) ? words('log.leftOut', { count: row.missing }) : row.text),
    },
  ];
}

/** For so many minutes, or hours. */
function span(minutes: number): string {
  return minutes % 60 === 0
    ? words('log.levelHours', { count: minutes / 60 })
    : words('log.levelMinutes', { count: minutes });
}

/** The time of day with milliseconds: many lines are of one second. */
function exactTime(time: number): string {
  const make = (locale: string) =>
    new Intl.DateTimeFormat(locale, {
      ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
      fractionalSecondDigits: 3,
    });
  return perLocale('exactTime', make).format(time);
}

function timeOfDay(time: number): string {
  const make = (locale: string) => new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
  return perLocale('timeOfDay', make).format(time);
}

async function copyLines(rows: readonly LogRow[]): Promise<void> {
  const copied = rows.flatMap((row) => (isGap(row) ? [] : [row]));
  const content = copied.map(lineText).join('\n');
  if (await model.attempt(() => request('app.copy', content))) {
    model.notify({ severity: 'info', message: words('log.copied', { count: copied.length }) });
  }
}

registerView({
  id: 'log',
  title: () => words('views.log'),
  icon: 'output',
  order: 6,
  tag: 'pico-log',
});

declare global {
  interface HTMLElementTagNameMap {
    'pico-log': LogPage;
  }
  interface PicoViews {
    log: LogPage;
  }
}
