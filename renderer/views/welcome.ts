import { html, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { type CommandId, formatEndpoint, titleOf } from '../../main/ipc/contract.js';
import { type PlainKey, text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { provide, run } from '../commands.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { model } from '../model.js';
import { registerView } from '../viewregistry.js';

/** A step: what it is, how it is done, what does it, and whether it is done already. */
interface Step {
  readonly title: PlainKey;
  readonly how: string;
  readonly actions: readonly (readonly [command: CommandId, label: string])[];
  readonly done: boolean;
}

/** What a new installation begins with: three steps. It is closed for good by leaving it. */
@customElement('pico-welcome')
export class Welcome extends PageElement {
  protected override readonly parts = ['app'] as const;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (!model.app.welcome) return;
    model.update({ welcome: false });
    void model.attempt(() => request('app.welcomed'));
  }

  override render(): TemplateResult {
    const all = steps();
    const next = all.find(({ done }) => !done);
    return html`<div class="page welcome">
      <h1>${text('welcome.title')}</h1>
      <p class="dim">${text('welcome.about')}</p>
      <ol class="steps">
        ${all.map((one) => step(one, one === next))}
      </ol>
      <p class="closing">
        <button class="secondary" @click=${() => run('view.overview')}>
          ${text('welcome.close')}
        </button>
        <span class="dim">${text('welcome.back', { command: titleOf('app.welcome') })}</span>
      </p>
    </div>`;
  }
}

function steps(): readonly Step[] {
  const { server, users, settings, systemProxy } = model.app;
  const { listenAddress, port } = settings.values;
  const { state, url } = server;
  const where = listenAddress.map((host) => formatEndpoint({ host, port })).join(', ');
  return [
    {
      title: 'welcome.start',
      how:
        url === undefined ? text('welcome.startHow', { where }) : text('welcome.started', { url }),
      actions: state === 'running' ? [] : [['server.start', text('menus.startServer')]],
      done: state === 'running',
    },
    {
      title: 'welcome.use',
      how: text('welcome.useHow'),
      actions: [
        ...(settings.values.systemProxy
          ? []
          : [['server.system-proxy', text('systemProxy.use')] as const]),
        ...(url === undefined ? [] : [['server.copy', text('menus.copyAddress')] as const]),
        ['view.overview', text('views.overview')],
      ],
      done: systemProxy.phase === 'on',
    },
    {
      title: 'welcome.share',
      how: text('welcome.shareHow'),
      actions: [
        ['view.users', text('views.users')],
        ['view.settings', text('views.settings')],
      ],
      done: users.users.length > 0,
    },
  ];
}

/** @param isNext whether it is the first that is not done. */
function step({ title, how, actions, done }: Step, isNext: boolean): TemplateResult {
  return html`<li class=${done ? 'done' : ''}>
    <h2>
      ${text(title)}
      ${done ? html`<span class="good">${icon('pass')} ${text('welcome.done')}</span>` : ''}
    </h2>
    <p>${how}</p>
    <div class="toolbar">
      ${actions.map(
        ([command, label], i) =>
          html`<button class=${i === 0 && isNext ? '' : 'secondary'} @click=${() => run(command)}>
            ${label}
          </button>`,
      )}
    </div>
  </li>`;
}

registerView({
  id: 'welcome',
  title: () => text('welcome.title'),
  icon: 'book',
  order: undefined,
  tag: 'pico-welcome',
});

provide({ 'app.welcome': { run: () => model.show('welcome') } });

declare global {
  interface HTMLElementTagNameMap {
    'pico-welcome': Welcome;
  }
  interface PicoViews {
    welcome: Welcome;
  }
}
