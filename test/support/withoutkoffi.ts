import { register } from 'node:module';

// Has `import('koffi')` fail as where it is not installed: for a process that begins with this file.
const hooks = `
  export function resolve(name, context, next) {
    if (name !== 'koffi') return next(name, context);
    throw Object.assign(new Error('not installed'), { code: 'ERR_MODULE_NOT_FOUND' });
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
