import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { icon } from '../icon.js';
import { recall, remember } from '../memory.js';
import { model, type ViewName } from '../model.js';
import { isLosing } from '../unfinished.js';
import { ask, type Question } from './question.js';

/** What is said of views while the window shows a server elsewhere: what cannot be done there, and why. */
const REASONS: Partial<Record<ViewName, (name: string) => string>> = {
  users: (name) => text('servers.greyUsers', { name }),
  routing: (name) => text('servers.greyRouting', { name }),
  extensions: (name) => text('servers.greyExtensions', { name }),
  settings: (name) => text('servers.greySettings', { name }),
};

/** The id of the server that was chosen and is about to be shown. */
let chosen: string | undefined;

/** Has the window show a server, for an empty id that of this computer: the page is loaded anew. */
export async function showServer(id: string): Promise<void> {
  if (isLosing() && !(await ask(leaving()))) {
    model.changed('app');
    return;
  }
  remember('switch', { focus: true });
  chosen = id;
  if (await model.attempt(() => request('servers.show', id))) return;
  chosen = undefined;
  model.changed('app');
}

function leaving(): Question {
  return {
    title: text('servers.leaveTitle'),
    detail: text('servers.leaveDetail'),
    action: text('servers.leave'),
  };
}

/** Which server the window shows, where there is more than that of this computer. */
export function serverSwitch(): TemplateResult | typeof nothing {
  const { servers, shown } = model.app.servers;
  if (servers.length === 0) return nothing;
  const name = servers.find(({ id }) => id === shown)?.name ?? text('servers.thisComputer');
  return html`<select
    class="server-switch"
    aria-label=${text('servers.switch')}
    title="${text('servers.switch')}: ${name}"
    .value=${live(chosen ?? shown)}
    @change=${(event: Event) => void showServer((event.target as HTMLSelectElement).value)}
  >
    <option value="" ?selected=${shown === ''}>${text('servers.thisComputer')}</option>
    ${servers.map(
      ({ id, name }) => html`<option value=${id} ?selected=${id === shown}>${name}</option>`,
    )}
  </select>`;
}

/** Gives the focus back to who has switched, in the page that was loaded anew. */
export function focusSwitch(root: ParentNode): void {
  if (!recall('switch', { focus: false }).focus) return;
  remember('switch', { focus: false });
  root.querySelector<HTMLElement>('.server-switch')?.focus();
}

/** What is wrong with the link to the server that is shown, and what of the view cannot be done there. */
export function elsewhereBanners(view: ViewName): TemplateResult | typeof nothing {
  const { remote, server, servers } = model.app;
  if (remote === undefined) return nothing;
  const { name, link } = remote;
  const { problem } = server;
  const connect = () => void model.attempt(() => request('servers.connect', servers.shown));
  const isLost = link === 'waiting' || link === 'failed';
  const reason = view.startsWith('contributed:')
    ? text('servers.greyViews', { name })
    : REASONS[view]?.(name);
  const word = link === 'off' ? text('servers.off') : (problem ?? '');
  return html`${
    isLost || link === 'off'
      ? html`<div class="banner error" role="alert">
          ${icon('debug-disconnect')}
          <p>${text('servers.lostBanner', { name, problem: word })}</p>
          <button class="secondary" @click=${connect}>
            ${link === 'waiting' ? text('servers.retryNow') : text('servers.connectNow')}
          </button>
        </div>`
      : nothing
  }
    ${
      link === 'connected' && problem !== undefined
        ? html`<div class="banner warning" role="alert">${icon('warning')}<p>${problem}</p></div>`
        : nothing
    }
    ${
      reason === undefined
        ? nothing
        : html`<div class="banner" role="note">${icon('lock')}<p>${reason}</p></div>`
    }`;
}
