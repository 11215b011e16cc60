import { html, type TemplateResult } from 'lit';
import { customElement, query } from 'lit/decorators.js';
import { type ConnectionRow, hostOfRule, partsOfDestination } from '../../main/ipc/contract.js';
import { changeSetting } from '../actions.js';
import { provide } from '../commands.js';
import { PageElement } from '../element.js';
import { model } from '../model.js';
import { registerView } from '../viewregistry.js';
import './rulelist.js';
import './routetest.js';
import './upstreams.js';
import { text } from '../../main/words/words.js';
import { remoteRouting } from './remoterouting.js';
import type { RuleList } from './rulelist.js';
import { denying } from './rulesview.js';
import type { Upstreams } from './upstreams.js';

/** Which way connections leave, where they may go, and through which servers. */
@customElement('pico-routing')
export class Routing extends PageElement {
  protected override readonly parts = ['app'] as const;
  @query('pico-rules[setting=via]') accessor routes!: RuleList;
  @query('pico-rules[setting=request]') accessor rules!: RuleList;
  @query('pico-upstreams') accessor upstreams!: Upstreams;

  override render(): TemplateResult {
    const { remote } = model.app;
    return html`<div class="page routing">
      <h1>${text('views.routing')}</h1>
      <pico-route-test></pico-route-test>
      <fieldset class="bare" ?disabled=${remote !== undefined}>
        <pico-rules setting="via"></pico-rules>
        ${
          remote === undefined
            ? html`<pico-upstreams></pico-upstreams>`
            : remoteRouting(remote.routing)
        }
        <pico-rules setting="request"></pico-rules>
      </fieldset>
    </div>`;
  }
}

/** Shows the view. */
async function shown(): Promise<Routing | undefined> {
  model.show('routing');
  await document.querySelector('pico-workbench')?.updateComplete;
  const view = document.querySelector('pico-routing');
  await view?.updateComplete;
  await view?.routes.updateComplete;
  await view?.rules.updateComplete;
  return view ?? undefined;
}

/** The host of a row's destination as rules have it, if it has got as far as that. */
function hostOf({ destination }: ConnectionRow): string | undefined {
  const host = partsOfDestination(destination)?.host;
  return host === undefined ? undefined : hostOfRule(host);
}

/** Whether a row has a destination that rules of this computer's server can be about. */
export function hasDestination(row: ConnectionRow): boolean {
  return model.elsewhere === undefined && hostOf(row) !== undefined;
}

/** Begins a route of a row's destination, before all others: whoever saves it says where it leads. */
export async function routeDestination(row: ConnectionRow): Promise<void> {
  const host = hostOf(row);
  if (host === undefined) return;
  const way = model.app.upstreams.upstreams[0]?.name ?? 'direct';
  (await shown())?.routes.add(`${host}=${way}`, 0, way);
}

/** Denies a row's destination before all other rules, and shows the rule that does. */
export async function denyDestination(row: ConnectionRow): Promise<void> {
  const host = hostOf(row);
  if (host === undefined) return;
  if (!(await changeSetting('request', (rules) => denying(rules, host)))) return;
  await (await shown())?.rules.choose(0);
}

provide({
  'routing.route': { run: async () => (await shown())?.routes.add() },
  'routing.rule': { run: async () => (await shown())?.rules.add() },
  'upstreams.new': { run: async () => (await shown())?.upstreams.edit('') },
});

registerView({
  id: 'routing',
  title: () => text('views.routing'),
  icon: 'git-branch',
  order: 4,
  tag: 'pico-routing',
});

declare global {
  interface HTMLElementTagNameMap {
    'pico-routing': Routing;
  }
  interface PicoViews {
    routing: Routing;
  }
}
