import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';

// usage: site ADDRESS KEY CERTIFICATE ROOT: serves the files of a folder at ports 80 and 443.
const [address, key = '', certificate = '', root = ''] = process.argv.slice(2);

function answer({ url = '/' }: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(url, 'http://site');
  try {
    response.end(readFileSync(join(root, pathname.endsWith('/') ? `${pathname}index` : pathname)));
  } catch {
    response.writeHead(404).end();
  }
}

const credentials = { key: readFileSync(key), cert: readFileSync(certificate) };
createServer(answer).listen(80, address, () => {
  createSecureServer(credentials, answer).listen(443, address, () => {
    process.stdout.write('ready\n');
  });
});
