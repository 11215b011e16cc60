const PREFIX = 'picosocks5.';

/**
 * Remembers something of what is shown, such as a filter, while the window is there: a page that
 * is loaded again finds it. Never a password.
 */
export function remember(name: string, value: unknown): void {
  window.sessionStorage.setItem(PREFIX + name, JSON.stringify(value));
}

/** What was remembered last, with what is new since then as it comes. */
export function recall<T extends object>(name: string, initial: T): T {
  const text = window.sessionStorage.getItem(PREFIX + name);
  return text === null ? { ...initial } : { ...initial, ...(JSON.parse(text) as Partial<T>) };
}

/**
 * Keeps how the user likes something to be shown, such as which columns a table has: it outlives
 * the app. Never a password.
 */
export function keep(name: string, value: unknown): void {
  window.localStorage.setItem(PREFIX + name, JSON.stringify(value));
}

/** What was kept last, with what is new since then as it comes. */
export function kept<T extends object>(name: string, initial: T): T {
  const text = window.localStorage.getItem(PREFIX + name);
  if (text === null) return { ...initial };
  try {
    return { ...initial, ...(JSON.parse(text) as Partial<T>) };
  } catch {
    return { ...initial };
  }
}
