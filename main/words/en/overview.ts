/** The view Overview. */
export const overview = {
  addresses: 'Addresses',
  throughput: 'Throughput',
  refused: 'Refused',
  usePort: 'Use port {port}',
  lanFault: 'The local network is not served. {problem}',
  usersLockedOut: 'Users cannot log in. {problem}',
  noTray:
    'This desktop shows no tray icons, so closing the window asks what to do. On GNOME the extension “AppIndicator and KStatusNotifierItem Support” adds them.',
  nowhere:
    'Nothing is listening yet. “Start server” in the title bar makes the proxy available at {address}.',
  use: 'Use it',
  copyFor: 'Copy for {name}',
  selfSigned:
    'The certificate vouches for itself: programs and browsers have to be told to trust the file {file}, copied to where they run.',
  through: 'Through',
  sent: 'Sent',
  received: 'Received',
  connections: 'Connections',
  openNow: 'Open now',
  upFor: 'Up for',
  nothingRefused: 'Nothing was refused so far.',
  reason: 'Reason',
  times: 'Times',
  last: 'Last',
  client: 'Client',
  detail: 'Detail',
  loginHttp:
    'Put a user’s name and password in. Browsers, which use it as an HTTP proxy, ask for them.',
  loginSocks:
    'Put a user’s name and password in. Browsers cannot log in to a SOCKS proxy: for them, switch HTTP on in the settings, or allow anonymous access.',
  usersOnly: 'users only',
  chart: 'Throughput of the last five minutes',
  down: 'Down',
  up: 'Up',
  everybody: '* (everybody who can reach this computer)',
  itsAddress: '@{name} (its address, whatever it is)',
  automatic: 'automatic',
} as const;
