/** Dialogs of the system, and what is told beside the window. */
export const dialogs = {
  cannotStart: 'PicoSOCKS5 cannot start',
  quitQuestion: 'Quit PicoSOCKS5?',
  quitDetail:
    'This desktop has no tray from which the window could be opened again. The server can go on without a window; starting PicoSOCKS5 once more brings the window back.',
  keepRunning: 'Keep running',
  windowFails: 'The window keeps failing.',
  windowHangs: 'The window does not answer.',
  windowDetail: 'The server goes on meanwhile. The log of PicoSOCKS5 says more.',
  loadAgain: 'Load it again',
  wait: 'Wait',
  allFiles: 'All files',
  exportConnections: 'Export connections',
  importUsers: 'Import a password file',
  exportUsers: 'Export a password file',
  loginNotChanged: 'Start at login cannot be changed: {problem}',
  loginFails: 'Start at login does not work: {problem}',
} as const;
