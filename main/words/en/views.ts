/** The names of the window's views. */
export const views = {
  overview: 'Overview',
  connections: 'Connections',
  users: 'Users',
  routing: 'Routing',
  extensions: 'Extensions',
  log: 'Log',
  settings: 'Settings',
  servers: 'Servers',
} as const;
