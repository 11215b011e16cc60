/** What main says of the server, and of what its settings cannot be. */
export const server = {
  openProxy:
    'Refusing to listen on {address} without users: everybody who can reach it could use the proxy; add users, or allow anonymous access in the settings',
  extensionDisabled:
    'The extension "{name}" is disabled, and something asks for it: enable it in the view Extensions',
  addressInUse:
    'Cannot listen on {address}: address already in use (another program uses this port)',
  addressMissing:
    'Cannot listen on {address}: address not available (this machine has no such address)',
  portDenied: 'Cannot listen on {address}: permission denied (ports below 1024 need root)',
  portReserved:
    'Cannot listen on {address}: permission denied (Windows keeps this port for itself: netsh interface ipv4 show excludedportrange tcp)',
  unresolved: 'The name "{name}" cannot be resolved at present',
  inLan: 'Local network: {problem}',
  portFree: '{problem}. Port {port} is free.',
  extensionsNeedServer: 'Extensions run with the server: start it first.',
  addressGone:
    'This computer has no address {addresses} at present: the server can be reached there again when it is back.',
  datagrams: 'datagrams to {destination}: {detail}',
  destinationExpected: '"{destination}": expected HOST:PORT, such as example.com:443',
  lanNobody: 'Nobody could log in from the local network yet: add a user first.',
  lanCertificate: 'TLS needs a certificate: choose one.',
  lanKey: 'TLS needs the key of the certificate: choose it.',
  lanInterface:
    'The interface "{name}" has no address at present: the local network is served when it has.',
  upstreamNeedsName: 'An upstream server needs a name.',
  upstreamNameLetters: 'The name "{name}" may have only letters, digits, "_", "-" and ".".',
  upstreamNameTaken: 'The name "{name}" has a meaning of its own: choose another.',
  upstreamNeedsHost: 'An upstream server needs a host: an address or a name.',
  upstream: 'Upstream server: {problem}',
  upstreamUnknown: 'There is no upstream server "{name}".',
  upstreamTaken: 'There is an upstream server "{name}" already.',
  upstreamLoop: '"{name}" would go through itself: {loop}.',
  loopThrough: ' through ',
  upstreamNotRestored: '"{name}" cannot be restored any more.',
  upstreamOfRoute: 'The route "{rule}" leads through "{name}": change that first.',
  upstreamOfOther: '"{other}" is reached through "{name}": change that first.',
  passwordNeedsUser: 'A password needs a user name.',
  socks4Password: 'SOCKS 4a has no passwords.',
  unsendablePassword: 'The password has a character that cannot be sent: type it again.',
  fileByDialog: 'A file is chosen in its dialog.',
  notWritten: '"{file}" cannot be written: {problem}. Choose another place.',
  notOpened: '{folder} cannot be opened: {problem}',
} as const;
