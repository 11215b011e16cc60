import { createServer as createNetServer, type Server } from 'node:net';
import { pathToFileURL } from 'node:url';

/** Runs one of the servers that npm.ts fetches: FILE ID PORT [USER PASSWORD]. */
const [file = '', id, port, user, password] = process.argv.slice(2);
const { default: module } = await import(pathToFileURL(file).href);

const servers: Record<string, () => Server> = {
  'simple-socks': () =>
    module.createServer(
      user === undefined
        ? {}
        : {
            authenticate: (
              name: string,
              word: string,
              _socket: unknown,
              callback: (e?: Error) => void,
            ) => callback(name === user && word === password ? undefined : new Error('no')),
          },
    ),
  pondwader: () =>
    module.createServer(user === undefined ? {} : { auth: { username: user, password } }),
};
const server = (servers[id ?? ''] ?? createNetServer)();
server.listen(Number(port), '127.0.0.1');
// They let errors of sockets through that a server should survive.
process.on('uncaughtException', () => {});
