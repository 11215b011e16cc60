/** What is wrong with a value of a setting, with its file, or with the file of all. */
export const settingcheck = {
  wrong: '{title}: {problem}',
  expected: '{title}: expected {expected}',
  boolean: 'on or off',
  number: 'a number from {minimum} to {maximum}',
  choice: 'one of {choices}',
  text: 'a text',
  file: 'the path of a file',
  list: 'a list of texts',
  oneAddress: 'at least one address, such as {example}',
  portApart: '"{host}": the port has a setting of its own',
  passwordInRoute:
    'a password does not belong into a route: add an upstream server, whose password the keychain keeps, and name it',
  noUpstream: '"{rule}": there is no upstream server "{way}"; known are {known}',
  interface: 'expected the name of an interface behind @, such as @eth0',
  lockedKey:
    '"{file}" is kept by a passphrase, which nobody could type when the server starts; expected a key without one',
  noKey: '"{file}" has no private key; expected a PEM file with -----BEGIN PRIVATE KEY-----',
  noCertificate:
    '"{file}" has no certificate; expected a PEM file with -----BEGIN CERTIFICATE-----',
  notRead: '"{file}" cannot be read: {problem}',
  notRegular: 'it is not a regular file',
  tooLarge: 'it is too large',
  notSaved: 'The settings cannot be saved: {problem}',
  noSecret: '"{name}" is no secret of an extension.',

  unusable:
    'The settings file cannot be used ({problem}); it is kept as {aside}, and all settings are as they come.',
  dropped:
    'Something of the settings file cannot be used and is left out ({what}); the file as it was is kept as {aside}.',
  droppedGuards:
    'Something of the settings file cannot be used and is left out ({what}); the file as it was is kept as {aside}. It had a say in who is let in: look at it before you start the server.',
  more: { one: 'and {count} more', other: 'and {count} more' },
  noObject: 'it is no object',
  noVersion: 'it says no version',
  newer: 'it is of version {version}, newer than this app',
  isNoObject: '"{name}" is no object',
  isNoList: '"{name}" is no list',
  noSetting: 'there is no setting "{name}"',
  userNameless: 'user {number} has no name',
  userTwice: 'user "{name}" is there twice',
  userDisabled: 'user "{name}" is not whole, and disabled now',
  upstreamOdd: 'upstream server {number} is not whole',
  upstreamTwice: 'upstream server "{name}" is there twice',
  profileNameless: 'profile {number} has no name',
  profileTwice: 'profile "{name}" is there twice',
  profileGone: 'the profile that was in use is not there',
  profileNetworks: 'a network of profile "{name}"',
  extensionSetting: 'the setting "{name}" of an extension',
  extensionPart: 'something of "{name}" of extensions',
  place: "the window's place",
} as const;
