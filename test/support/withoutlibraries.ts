import { register } from 'node:module';

// Has koffi find no library, as where none is installed: for a process that begins with this file.
const hooks = `
  const source = \`export const load = (name) => {
    throw new Error('Failed to load shared library: ' + name + ': cannot open shared object file');
  }; export const config = () => {}; export const { out, inout, pointer, struct } = {};\`;
  export function resolve(name, context, next) {
    if (name !== 'koffi') return next(name, context);
    return { url: 'data:text/javascript,' + encodeURIComponent(source), shortCircuit: true };
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
