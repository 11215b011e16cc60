import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { codeOf, systemMessage, UserError } from '../base/errors.js';
import { version } from '../base/version.js';
import { isPackageName, shortName } from '../extensions/manifest.js';

/**
 * Writes a small extension with a test, and what builds them.
 *
 * @param text its name, with or without `picosocks5-`, or with a scope; folders may stand before it.
 * @returns what to do next.
 * @throws {UserError} if it is no name, or if there is something in the folder already.
 */
export async function newExtension(text: string): Promise<string> {
  const isScoped = text.startsWith('@') && isPackageName(text);
  const folder = isScoped ? basename(text) : text.replace(/[/\\]+$/, '');
  const word = basename(folder);
  const name = isScoped ? text : word.startsWith('picosocks5-') ? word : `picosocks5-${word}`;
  const short = shortName(name);
  if (!isPackageName(name) || !/^[a-z0-9][\w-]*$/.test(short)) {
    throw new UserError(
      `"${text}": expected a name of lower-case letters, digits and dashes, such as blocklist`,
    );
  }
  try {
    if ((await filesIn(folder)).length > 0) {
      throw new UserError(`"${folder}" is there already, with something in it`);
    }
    for (const [file, content] of Object.entries(filesOf(name, short))) {
      await mkdir(dirname(join(folder, file)), { recursive: true, mode: 0o755 });
      await writeFile(join(folder, file), content, { flag: 'wx', mode: 0o644 });
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot write into "${folder}": ${systemMessage(error)}`);
  }
  return `${name} is in ${resolve(folder)}

  cd ${folder}
  npm install        what builds it
  npm test           builds it, and tests it
  picosocks5 --extension-dev . --set ${short}.hosts=example.com    loads it anew when it changes
  npm pack           makes a .tgz: picosocks5 extension install ./${tarballName(name)}

docs/extensions.md of the package picosocks5 says more.
`;
}

async function filesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
}

/** The name of the file that `npm pack` makes. */
function tarballName(name: string): string {
  return `${name.replace(/^@/, '').replace('/', '-')}-0.1.0.tgz`;
}

function filesOf(name: string, short: string): Record<string, string> {
  const lines = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`;
  return {
    'package.json': lines(manifest(name, short)),
    'tsconfig.json': lines({
      compilerOptions: {
        target: 'es2023',
        module: 'nodenext',
        types: ['node'],
        strict: true,
        skipLibCheck: true,
        rootDir: 'src',
        outDir: 'dist',
      },
      include: ['src'],
    }),
    '.gitignore': 'dist/\nnode_modules/\n*.tgz\n',
    'README.md': readme(name, short),
    'src/extension.ts': code(short),
    'src/extension.test.ts': test(short),
  };
}

function manifest(name: string, short: string): object {
  return {
    name,
    displayName: titleOf(short),
    version: '0.1.0',
    description: 'Refuses destinations by name',
    type: 'module',
    main: 'dist/extension.js',
    files: ['dist', '!dist/*.test.js'],
    engines: { picosocks5: `^${version.replace(/[-+].*$/, '')}` },
    scripts: {
      build: 'tsc',
      test: 'tsc && node --test dist/extension.test.js',
      prepack: 'tsc',
    },
    devDependencies: {
      '@types/node': '^20.19.0',
      picosocks5: `^${version}`,
      typescript: '^7.0.2',
    },
    contributes: {
      accessPolicies: [{ id: short, description: 'Refuses the hosts of a list' }],
      configuration: {
        title: titleOf(short),
        properties: {
          [`${short}.hosts`]: {
            type: 'array',
            default: [],
            description: 'Hosts that nobody may reach',
          },
        },
      },
      commands: [{ command: `${short}.count`, title: `${titleOf(short)}: How many were refused` }],
    },
  };
}

function titleOf(short: string): string {
  const words = short.replace(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function readme(name: string, short: string): string {
  return `# ${name}

An extension of [PicoSOCKS5](https://github.com/picosocks5/picosocks5).

\`\`\`ini
extension = ${name}

[extension:${short}]
hosts = example.com
\`\`\`

\`npm install\`, then \`npm test\` builds and tests it; \`npm pack\` makes a \`.tgz\`, which
\`picosocks5 extension install FILE\` installs.
`;
}

function code(short: string): string {
  return `import type { AccessRequest, Denial, ExtensionContext } from 'picosocks5';

/** Called once, before the server accepts anybody. What it throws keeps the server from starting. */
export function activate({ registries, configuration, commands, log }: ExtensionContext): void {
  let refused = 0;

  /** Asked about each address of a destination: { by } refuses it. */
  function onAddress({ destination }: AccessRequest): Denial | undefined {
    const hosts = configuration.get<readonly string[]>('${short}.hosts') ?? [];
    if (!hosts.includes(destination.host.toLowerCase())) return undefined;
    refused++;
    return { by: \`${short} \${destination.host}\` };
  }

  registries.accessPolicies.register({ id: '${short}', onAddress });
  commands.register('${short}.count', () => \`\${refused} refused\`);
  // Who listens is told of other settings at a reload, and goes on.
  configuration.onDidChange((keys) => log.info(\`changed: \${keys.join(', ')}\`));
}
`;
}

function test(short: string): string {
  return `import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startServer } from 'picosocks5/testing';

const folder = fileURLToPath(new URL('..', import.meta.url));

test('a host of the list is refused, another one is not', async (t) => {
  const echo = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  t.after(() => echo.close());
  const { port } = echo.address() as AddressInfo;
  const settings = { '${short}.hosts': ['localhost'] };
  const proxy = await startServer({ extensions: [folder], settings });
  t.after(() => proxy.close());

  assert.equal((await proxy.connect('localhost', port)).reply, 2);
  const { detail } = await proxy.event('rejected');
  assert.match(detail, /${short} localhost/);
  assert.notEqual(await proxy.server.runCommand('${short}.count'), '0 refused');

  const { reply, socket } = await proxy.connect('127.0.0.1', port);
  assert.equal(reply, 0);
  socket.write('hello');
  const [answer] = await once(socket, 'data');
  assert.equal(String(answer), 'hello');
  socket.end();
  await once(socket, 'close');
});
`;
}
