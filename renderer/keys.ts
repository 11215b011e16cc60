import { keyOf } from '../main/ipc/contract.js';
import { model } from './model.js';

/** What is held down with others. */
const MODIFIERS: readonly string[] = ['Control', 'Shift', 'Alt', 'Meta', 'AltGraph', 'CapsLock'];

/** The key that is pressed, as commands name theirs; undefined while only Ctrl and the like are. */
export function pressedKey(event: KeyboardEvent): string | undefined {
  const { key } = event;
  if (MODIFIERS.includes(key)) return undefined;
  const control = model.app.platform === 'darwin' ? event.metaKey : event.ctrlKey;
  const name = key === ' ' ? 'Space' : key.length === 1 ? key.toUpperCase() : key;
  return [
    ...(control ? ['Ctrl'] : []),
    ...(event.shiftKey ? ['Shift'] : []),
    ...(event.altKey ? ['Alt'] : []),
    name,
  ].join('+');
}

/** The key of a command as the user wants it. @param initial the one that it comes with. */
export function presentKey(id: string, initial: string | undefined): string | undefined {
  return keyOf(id, initial, model.app.settings.values.keys ?? []);
}

/** A key as this system writes it. */
export function keyName(key: string): string {
  return model.app.platform === 'darwin'
    ? key.replace('Ctrl+', '⌘').replace('Shift+', '⇧').replace('Alt+', '⌥')
    : key;
}
