import { html, type TemplateResult } from 'lit';
import { text } from '../main/words/words.js';
import { run } from './commands.js';
import { model } from './model.js';

/** How it is with the system's proxy settings, in a sentence. */
export function systemProxyNote(): string {
  const { phase, problem = '' } = model.app.systemProxy;
  if (phase !== 'failed') return text(`systemProxy.${phase}`);
  return text('systemProxy.failed', { problem: problem.replace(/\.$/, '') });
}

/** The switch that makes this computer use the proxy. It is pale as long as that has no effect. */
export function systemProxySwitch(label: string): TemplateResult {
  const { wanted, phase } = model.app.systemProxy;
  const isIdle = wanted && phase !== 'on';
  return html`<button
    class="switch ${isIdle ? 'idle' : ''}"
    role="switch"
    aria-checked=${wanted}
    aria-label=${label}
    title=${systemProxyNote()}
    @click=${() => run('server.system-proxy')}
  >
    <span class="label">${label}</span> <span class="track" aria-hidden="true"></span>
  </button>`;
}
