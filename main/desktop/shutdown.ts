import { app, powerMonitor } from 'electron';

/** Has the app end as when its user quits it, when the computer shuts down or the user logs off. */
export function quitAtShutdown(): void {
  // Electron's types leave out the event, which holds the shutdown up for a while.
  const shutdown = (event?: Electron.Event) => {
    event?.preventDefault();
    app.quit();
  };
  powerMonitor.on('shutdown', shutdown as () => void);
  if (process.platform !== 'win32') return;
  app.on('browser-window-created', (_event, window) => {
    window.on('query-session-end', () => app.quit());
  });
}
