/** Newer versions of the app. */
export const updates = {
  title: 'Updates',
  version: 'This is PicoSOCKS5 {version}.',
  unsupported:
    'This build does not look for newer versions itself: it was built by hand, or a package manager brings them.',
  off: 'It does not look for newer versions.',
  idle: 'It has not looked for newer versions yet.',
  checking: 'Looking for newer versions …',
  current: 'There is no newer version.',
  downloading: 'Fetching version {version}: {percent} %',
  ready: 'Version {version} is ready. It is used from the next start on.',
  failed: 'Whether there is a newer version is not known: {problem}',
  checked: 'Looked at {time}.',
  notes: 'What is new in {version}',
  noNotes: 'Its release has no notes.',
  check: 'Check now',
  restart: 'Restart to update',
  channel: 'Versions',
  readyToast: 'PicoSOCKS5 {version} is ready.',
  show: 'What is new',
  notReady: 'There is no newer version to begin with.',
} as const;
