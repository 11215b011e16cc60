/** The frame of the window: title bar, status bar, palette, notifications. */
export const workbench = {
  commands: 'Commands',
  views: 'Views',
  contributed: 'Contributed by extensions',
  exposedToAll:
    'No password is needed: every computer that can reach this one may use the proxy at {addresses}.',
  exposedByRules:
    'No password is needed: every computer that the client rules let in may use the proxy at {addresses}.',
  demandPasswords: 'Demand passwords',
  copyTheAddress: 'Copy the address',
  working: 'Working',
  connections: { one: '{count} connection', other: '{count} connections' },
  palette: 'Command palette',
  command: 'Command',
  typeCommand: 'Type the name of a command, setting or user',
  noCommand: 'Nothing has such a name.',
  findSetting: 'Setting: {section}, {title}',
  findUser: 'User: {name}',
  notifications: 'Notifications',
  dismiss: 'Dismiss',
} as const;
