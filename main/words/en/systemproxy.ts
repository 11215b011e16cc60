/** The system's proxy settings: the switch, and what is said of them. */
export const systemProxy = {
  title: 'System proxy',
  use: 'Use the proxy on this computer',
  off: 'The programs of this computer use the proxy if they are told to.',
  on: 'The programs of this computer use the proxy. What was there before is given back at the end.',
  waiting: 'The programs of this computer use the proxy as soon as the server runs.',
  login:
    'The programs of this computer cannot log in to a SOCKS proxy: switch HTTP on in the settings, ' +
    'or allow anonymous access.',
  changed: 'Something else has changed this computer’s proxy settings: they are left as they are.',
  failed: 'This computer’s proxy settings cannot be changed: {problem}.',
  unavailable:
    'This desktop has no proxy settings that the app knows: programs have to be told one by one.',
  recovered:
    'PicoSOCKS5 ended without giving back this computer’s proxy settings: now they are as they were ' +
    'before.',
  switchOn: 'Switch it on again',
  bypassExpected:
    '"{entry}": expected ADDRESS[/BITS], NAME, *.NAME, or {plain} for all names without a dot, such as 192.168.0.0/16 or *.example.com',
  gnomeMissing: 'GNOME’s proxy settings are not installed: gsettings-desktop-schemas',
  notTaken: 'the system does not let its proxy settings be changed',
  notInstalled: '{program} is not installed',
  silent: '{program} did not answer within {seconds} seconds',
  says: '{program} says: {answer}',
  programFailed: '{program} failed',
  withPassword:
    '"{service}" uses a proxy with a password, which could not be given back: choose the automatic configuration (PAC) instead of fixed addresses',
  lostCharacters:
    '{name} of the registry has characters that could not be given back: it can be changed in the settings of Windows only',
} as const;
