/** What the tray's icon and menu say, besides the entries of commands. */
export const tray = {
  at: '{state}: {where}',
  traffic: {
    one: '{count} connection, ↑ {up} ↓ {down}',
    other: '{count} connections, ↑ {up} ↓ {down}',
  },
  problems: 'Recent problems',
  clear: 'Forget these',
} as const;
