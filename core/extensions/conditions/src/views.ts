import type { ExtensionContext } from 'picosocks5';
import { type Conditions, describe, PRESETS, rateWords } from './conditions.js';

/** What the network is like now. */
export interface State {
  /** The name of the preset, if it is one. */
  readonly preset: string | undefined;
  readonly conditions: Conditions;
}

/** Shows all presets and which one it is. @returns what is to be called when that changes. */
export function showViews({ views }: ExtensionContext, state: () => State): () => void {
  const shown = [
    views.register('conditions.presets', {
      content: () => {
        const { preset, conditions } = state();
        const own = preset === undefined ? [rowOf('as set', conditions, true)] : [];
        return {
          columns: [
            { id: 'name', title: 'Preset' },
            { id: 'delay', title: 'Delay (ms)' },
            { id: 'jitter', title: 'Jitter (ms)' },
            { id: 'rate', title: 'Bytes/s' },
            { id: 'loss', title: 'Lost (%)' },
            { id: 'now', title: 'Now' },
          ],
          rows: [...PRESETS.map((one) => rowOf(one.name, one, one.name === preset)), ...own],
          rowActions: [{ command: 'conditions.use', title: 'Use' }],
        };
      },
    }),
    views.register('conditions.status', {
      content: () => {
        const { preset = 'as set', conditions } = state();
        const words = describe(conditions);
        const severity = words === 'as it is' ? 'info' : 'warning';
        return { text: `Network: ${preset}`, tooltip: `Network conditions: ${words}`, severity };
      },
    }),
  ];
  return () => {
    for (const view of shown) view.changed();
  };
}

function rowOf(id: string, { delay, jitter, rate, loss }: Conditions, isNow: boolean) {
  return { id, cells: [id, delay, jitter, rateWords(rate), loss, isNow ? 'yes' : ''] };
}
