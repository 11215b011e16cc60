/** What is wrong with the system’s keychain, and what helps. */
export const keychain = {
  locked: 'The keychain is locked: unlock it and try again.',
  silent: 'The keychain does not answer: unlock it and try again.',
  notYet: 'The keychain has not answered yet: see whether the system asks to unlock it.',
  noKeyring: 'There is no keyring yet: make one, with a password, in the system’s keyring manager.',
  unusable: 'No keychain can be used ({reason}): {advice}.',
  noLibrary: 'its library is missing',
  noReason: 'no reason given',
  'advice.linux':
    'install a Secret Service (gnome-keyring, KWallet or KeePassXC) and libsecret (Debian: apt install gnome-keyring libsecret-1-0), and log in again',
  'advice.darwin': 'open Keychain Access and see that the login keychain is there and unlocked',
  'advice.win32': 'see that the service "Credential Manager" runs',
  'advice.other': 'see that the system has one',
} as const;
