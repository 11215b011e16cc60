/** The page that a new installation begins with. */
export const welcome = {
  title: 'Welcome to PicoSOCKS5',
  about:
    'A proxy of your own: what goes through it comes from this computer, wherever the program runs that asks for it.',
  start: 'Start the proxy',
  startHow: 'It listens on {where}, where only programs of this computer reach it.',
  started: 'It runs: {url}',
  use: 'Use it in your browser',
  useHow:
    'Switch the system proxy on, which all programs of this computer follow, or put the address into the proxy settings of your browser. The overview has the lines for Firefox, Chromium, curl and others, ready to copy.',
  share: 'Let others in',
  shareHow:
    'Give each person a user name and a password, which this computer’s keychain keeps; then open the proxy to the local network in the settings.',
  close: 'Close',
  back: 'The command “{command}” brings this page back.',
  done: 'Done',
} as const;
