import type { SettingDescriptor, SettingValue } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';

/** Reads what was typed; a number that is none becomes one that no setting takes. */
export function parseValue({ type }: SettingDescriptor, typed: string): SettingValue {
  if (type === 'number') return /^\s*\d+(\.\d+)?\s*$/.test(typed) ? Number(typed) : -1;
  if (type !== 'list') return typed.trim();
  return typed
    .split(/[\n,]/)
    .map((item) => item.trim())
    .filter(Boolean);
}

export function showValue(value: SettingValue, between = ', '): string {
  return Array.isArray(value) ? value.join(between) : String(value);
}

/** Whether a setting is a list that may be long: it has a line for each of its items. */
export function isLong({ type, pick }: SettingDescriptor): boolean {
  return type === 'list' && pick === undefined;
}

/** What a setting is at first, in a sentence: where that is nothing, it is said of modified ones. */
export function defaultText(descriptor: SettingDescriptor, isModified: boolean): string {
  const { type, default: initial, unit, choices = [] } = descriptor;
  if (type === 'boolean' || type === 'choice') {
    if (!isModified) return '';
    const choice = choices.find(({ value }) => value === initial)?.label;
    const value = choice ?? text(initial === true ? 'settings.on' : 'settings.off');
    return text('settings.default', { value });
  }
  const value = showValue(initial);
  if (value === '')
    return isModified ? text('settings.default', { value: text('settings.none') }) : '';
  return unit === undefined
    ? text('settings.default', { value })
    : text('settings.defaultUnit', { value, unit });
}
