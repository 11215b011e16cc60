import { app, session } from 'electron';
import { ORIGIN } from './assets.js';

/**
 * Denies whatever a page of ours never needs: other pages, new windows, permissions, and any
 * request beyond the app's own files.
 */
export function lockDown(): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
    contents.on('will-navigate', (event) => event.preventDefault());
    contents.on('will-redirect', (event) => event.preventDefault());
    contents.on('will-attach-webview', (event) => event.preventDefault());
  });
}

/** The part of {@link lockDown} that needs the app to be ready. */
export function lockDownSession(): void {
  const { defaultSession } = session;
  defaultSession.setPermissionRequestHandler((_contents, _permission, grant) => grant(false));
  defaultSession.setPermissionCheckHandler(() => false);
  defaultSession.setDevicePermissionHandler(() => false);
  const own = [`${ORIGIN}/`, 'devtools://'];
  defaultSession.webRequest.onBeforeRequest(({ url }, answer) => {
    answer({ cancel: !own.some((start) => url.startsWith(start)) });
  });
}
