/**
 * Modules of Node that take long to load, and that most servers never use: loaded when they are
 * used for the first time. They are part of Node, so no file is read for it, whatever the rights
 * that the process has by then.
 */
export const builtins = {
  get tls(): typeof import('node:tls') {
    return process.getBuiltinModule('node:tls');
  },
  get https(): typeof import('node:https') {
    return process.getBuiltinModule('node:https');
  },
  get http2(): typeof import('node:http2') {
    return process.getBuiltinModule('node:http2');
  },
};
