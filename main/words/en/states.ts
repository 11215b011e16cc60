/** The states of the server. */
export const states = {
  stopped: 'Stopped',
  starting: 'Starting …',
  running: 'Running',
  stopping: 'Stopping …',
  error: 'Error',
} as const;
