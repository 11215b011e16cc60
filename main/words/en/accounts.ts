/** What main says of users. */
export const accounts = {
  needsName: 'A user needs a name.',
  edgeSpaces: 'The user name "{name}" must not begin or end with a space.',
  invisibleName:
    'The user name must have no invisible characters, and no more than one space in a row.',
  invisibleGroup: 'The group must have no invisible characters.',
  needsPassword: 'A user needs a password.',
  longPassword: 'The password is longer than {bytes} bytes.',
  nulPassword: 'The password must have no NUL character: keychains cut it off there.',
  halfCharacter: 'The password has half a character (a lone surrogate): type it again.',
  notUtf8: 'The password is not UTF-8 text, as the keychain needs it.',
  importUnderWay: 'The users’ import is still under way: wait for it, or cancel it.',
  exportUnderWay: 'The users’ export is still under way: wait for it, or cancel it.',
  disabled: 'this user is disabled',
  expired: 'this user expired at {time}',
  noPassword: 'the keychain has no password of this user',
  notRestored: 'The user "{name}" cannot be restored.',
  unknown: 'There is no user "{name}".',
  taken: 'There is a user "{name}" already.',
  looksTaken: 'There is a user "{name}" already, whose name looks the same.',
  couldNotLogIn: '{user} could not log in. {problem}',
  activityDamaged: '"{file}" is damaged: what users have done is counted from now on.',
} as const;
