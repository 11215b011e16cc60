import { request } from '../bridge.js';
import { model } from '../model.js';

/** The keys that make the page larger or smaller, as every browser has them. */
const STEPS: Readonly<Record<string, -1 | 0 | 1>> = {
  '=': 1,
  '+': 1,
  '-': -1,
  _: -1,
  '0': 0,
};

/** Follows the keys that make the page larger or smaller. @returns what ends it. */
export function followZoom(): () => void {
  const press = (event: KeyboardEvent) => {
    const control = model.app.platform === 'darwin' ? event.metaKey : event.ctrlKey;
    const step = STEPS[event.key];
    if (!control || event.altKey || step === undefined) return;
    event.preventDefault();
    void model.attempt(() => request('window.zoom', step));
  };
  window.addEventListener('keydown', press, true);
  return () => window.removeEventListener('keydown', press, true);
}
