/** What is said about the app's own life: its window, the keychain, updates, diagnostics. */
export const life = {
  revived: 'The window had failed, and is loaded again. The server went on meanwhile.',
  showLog: 'Show log',
  keychainProblem: 'Users cannot log in. {problem} It is looked at again and again.',
  keychainSolved: 'The keychain can be read: users can log in again.',
} as const;
