/** The settings: `KEY.title`, `KEY.description`, their choices and placeholders; and their sections. */
export const options = {
  'section.listening': 'Listening',
  'section.lan': 'Local network',
  'section.external': 'BIND and UDP',
  'section.outgoing': 'Outgoing connections',
  'section.access': 'Access',
  'section.limits': 'Limits',
  'section.timeouts': 'Timeouts',
  'section.systemProxy': 'System proxy',
  'section.appearance': 'Appearance',
  'section.application': 'Application',
  'unit.seconds': 'seconds',
  'unit.megabytes': 'MB',
  'unit.days': 'days',

  'listenAddress.title': 'Listen address',
  'listenAddress.description':
    'Addresses at which the server listens, with commas between: 127.0.0.1 for this computer ' +
    'only, * for everybody who can reach it.',
  'port.title': 'Port',
  'port.description': 'TCP port at which the server listens; 1080 is that of SOCKS.',

  'lan.title': 'Serve the local network',
  'lan.description':
    'Let other computers in as well, at an address and a port of their own. There everybody has ' +
    'to log in as one of the users, whatever programs on this computer have to do.',
  'lanAddress.title': 'Network address',
  'lanAddress.description':
    'Addresses at which other computers reach the server, with commas between: * for all of this ' +
    'computer, @INTERFACE for those that an interface has at the time.',
  'lanPort.title': 'Network port',
  'lanPort.description': 'TCP port for other computers.',
  'lanTls.title': 'TLS',
  'lanTls.description':
    'Encrypt what other computers send, passwords included: they use it as an HTTPS proxy. It ' +
    'needs a certificate and its key.',
  'lanCertificate.title': 'Certificate',
  'lanCertificate.description':
    'PEM file with the certificate for TLS, and those of its issuers behind it.',
  'lanKey.title': 'Private key',
  'lanKey.description':
    'PEM file with the key of the certificate, which only its owner should read.',

  'bind.title': 'External address',
  'bind.description':
    'Address at which BIND and UDP ASSOCIATE are reached by other hosts: an address, a host ' +
    'name, or @INTERFACE. Empty: found by itself.',
  'advertise.title': 'Advertised address',
  'advertise.description':
    'Address to tell clients in replies to BIND and UDP ASSOCIATE, behind NAT.',
  'advertise.placeholder': 'the external address',
  'bindPorts.title': 'BIND range',
  'bindPorts.description': 'Ports at which BIND listens; any free port if not given.',
  'udpPorts.title': 'UDP range',
  'udpPorts.description': "Ports that take clients' datagrams; any free port if not given.",
  'placeholder.automatic': 'automatic',
  'placeholder.anyPort': 'any free port',

  'from.title': 'Outgoing address',
  'from.description':
    'Address that connections leave from: an address of this computer, @INTERFACE, client (the ' +
    'one that the client came in on) or PREFIX/BITS for a random one each time.',
  'prefer.title': 'Preferred addresses',
  'prefer.description': 'Which addresses of a name come first, or are the only ones.',
  'prefer.system': 'As the system',
  'prefer.ipv4': 'IPv4 first',
  'prefer.ipv6': 'IPv6 first',
  'prefer.ipv4-only': 'IPv4 only',
  'prefer.ipv6-only': 'IPv6 only',
  'resolver.title': 'Resolvers',
  'resolver.description':
    'Who is asked for names, the next one where one does not know: system, udp://ADDRESS, ' +
    'tcp://ADDRESS, tls://HOST or https://HOST/PATH.',

  'anonymous.title': 'Anonymous access',
  'anonymous.description':
    'Let clients in that do not authenticate, even if there are users. Needed to listen beyond ' +
    'this computer without users.',
  'socks4.title': 'SOCKS 4',
  'socks4.description': 'Serve SOCKS 4 and 4a as well, where anonymous access is allowed.',
  'http.title': 'HTTP',
  'http.description': 'Serve HTTP clients as well: CONNECT, and requests for http:// addresses.',
  'network.title': 'Client rules',
  'network.description':
    'Which clients may connect. ! refuses; the first rule that matches decides.',
  'request.title': 'Request rules',
  'request.description':
    'Which requests are allowed. COMMAND: connect, bind, assoc or all. DEST: * or ADDR[/BITS] or ' +
    'a name or *.NAME.',
  'via.title': 'Routes',
  'via.description':
    'Which way connections leave: direct, block, or the name of an upstream server, for all ' +
    'destinations or those before =. The first route that matches decides.',
  'via.placeholder': '[DESTINATION[:PORTS]=]WAY',

  'maxconn.title': 'Connections',
  'maxconn.description': 'Connections at once; 0: no limit.',
  'maxconnPerAddress.title': 'Connections per address',
  'maxconnPerAddress.description': 'Connections at once from one client address; 0: no limit.',
  'maxconnPerUser.title': 'Connections per user',
  'maxconnPerUser.description': 'Connections at once of one user; 0: no limit.',
  'maxStartups.title': 'Connections without a request',
  'maxStartups.description':
    'Connections at once whose clients have not made a request; 0: half of the connections.',
  'maxassoc.title': 'UDP associations per address',
  'maxassoc.description': 'UDP associations at once of one client address; 0: no limit.',
  'maxLoginFailures.title': 'Wrong passwords',
  'maxLoginFailures.description':
    'Lock a user out at an address after that many different wrong passwords; 0: never.',
  'lockoutTime.title': 'Lockout',
  'lockoutTime.description': 'How long a lockout lasts.',

  'timeout.title': 'Idle timeout',
  'timeout.description': 'Close a connection on which nothing moves for this long; 0: never.',
  'handshakeTimeout.title': 'Handshake timeout',
  'handshakeTimeout.description':
    'A client has this long to authenticate and to make its request; 0: no limit.',
  'connectTimeout.title': 'Connect timeout',
  'connectTimeout.description': 'Connecting to a destination may take this long.',
  'bindTimeout.title': 'BIND timeout',
  'bindTimeout.description': 'BIND waits this long for its peer.',
  'udpTimeout.title': 'UDP timeout',
  'udpTimeout.description': 'End a UDP association without a datagram for this long; 0: never.',

  'theme.title': 'Theme',
  'theme.description': 'Colours of the window.',
  'language.title': 'Language',
  'language.description': 'Language of the window, the menus and the messages.',
  'language.system': 'As the system',

  'loglevel.title': 'Log level',
  'loglevel.description':
    'What is written to the log file: info has a line for every finished connection.',
  'systemProxy.title': 'Use it on this computer',
  'systemProxy.description':
    'Let the programs of this computer use the proxy while the server runs, by the proxy settings of ' +
    'the system. What was there before is given back afterwards.',
  'systemProxyKind.title': 'Configuration',
  'systemProxyKind.description':
    'A PAC file, which the app serves, leads past the proxy where a route says direct, and where the ' +
    'proxy does not answer. With fixed addresses all but the exceptions goes to the proxy, be it ' +
    'there or not.',
  'systemProxyKind.pac': 'Automatic (PAC)',
  'systemProxyKind.fixed': 'Fixed addresses',
  'systemProxyBypass.title': 'Exceptions',
  'systemProxyBypass.description':
    'Destinations that programs reach without the proxy, with commas between: addresses, networks, ' +
    'names, *.NAME for all below a name, <local> for all names without a dot.',
  'systemProxyBypass.placeholder': 'none',
  'logSize.title': 'Log file size',
  'logSize.description':
    'A new log file is begun when this one is larger; each day has a file of its own.',
  'logDays.title': 'Log age',
  'logDays.description': 'Old log files are deleted after so many days.',
  'logFiles.title': 'Log files',
  'logFiles.description': 'How many old log files are kept at most, besides the present one.',
  'startServer.title': 'Start the server at launch',
  'startServer.description': 'Start the server when the app starts.',
  'startAtLogin.title': 'Start at login',
  'startAtLogin.description': 'Start the app, in the tray, when you log in.',
  'keys.title': 'Keyboard shortcuts',
  'keys.description':
    'Keys of commands that are others than those they come with, as COMMAND=KEY; global COMMAND=KEY works in every program. The page of keyboard shortcuts changes them.',
  'updates.title': 'Updates',
  'updates.description':
    'Which newer versions are looked for, each day. They are fetched while the app runs, and used from the next start on.',
  'updates.stable': 'Stable versions',
  'updates.preview': 'Preview versions as well',
  'updates.off': 'Off',
  'restAfter.title': 'Rest of a hidden window',
  'restAfter.description':
    'After how long a hidden window gives its memory back; it comes back as it was. 0: never.',
} as const;
