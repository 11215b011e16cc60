import type { Option } from '../option.js';
import { seconds, strings } from './schemas.js';

/** Which extensions there are, in the order of `--help`. */
export const EXTENSIONS: readonly Option[] = [
  {
    key: 'extensions',
    name: 'extension',
    argument: 'FOLDER|NAME',
    schema: strings,
    default: [],
    names: 'extension',
    section: 'Extensions',
    description: 'Load an extension: from a folder, or by its name. May be repeated.',
    details:
      'A NAME is that of one that is bundled or installed, with or without its scope and ' +
      'picosocks5-. What is asked for in another way, by a format of --auth or by a setting, need ' +
      'not be named. See EXTENSIONS.',
  },
  {
    key: 'extensionsDev',
    name: 'extension-dev',
    argument: 'FOLDER',
    schema: strings,
    default: [],
    names: 'extension',
    section: 'Extensions',
    description: 'Load an extension, and anew whenever its files change. May be repeated.',
    details:
      'For who writes one. If the changed one cannot be loaded the log says why, with file and ' +
      'line, and the server goes on with the last that could be. Connections go on.',
  },
  {
    key: 'extensionsDir',
    name: 'extensions-dir',
    argument: 'FOLDER',
    schema: { type: 'string' },
    default: undefined,
    names: 'file',
    section: 'Extensions',
    description: "Where installed extensions are, if not in the user's data folder.",
  },
  {
    key: 'noExtensions',
    name: 'no-extensions',
    schema: { type: 'boolean' },
    default: false,
    section: 'Extensions',
    description: 'Load no extension, and leave out all settings of extensions.',
    details:
      'To look for what is wrong. What only an extension has, such as a format of --auth, is an ' +
      'error then.',
  },
  {
    key: 'activationTimeout',
    name: 'activation-timeout',
    argument: 'SECONDS',
    schema: { ...seconds, minimum: 0.1 },
    default: 10,
    section: 'Extensions',
    description: 'An extension has this long to be activated.',
  },
  {
    key: 'answerTimeout',
    name: 'answer-timeout',
    argument: 'SECONDS',
    schema: { ...seconds, minimum: 0.1 },
    default: 5,
    section: 'Extensions',
    description:
      'An extension has this long to answer whether somebody may; then the answer is no.',
  },
];
