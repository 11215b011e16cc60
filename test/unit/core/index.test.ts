import assert from 'node:assert/strict';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../../support/files.js';
import { ROOT } from '../../support/npm.js';
import { run } from '../../support/programs.js';
import { wine } from '../../support/wine.js';

const DIST = join(ROOT, 'core/dist');

/** A declaration file: its text without comments, and where the names in it come from. */
interface Declarations {
  readonly text: string;
  /** The files of names that are imported, or exported again. */
  readonly from: ReadonlyMap<string, string>;
}

function read(file: string): Declarations {
  const text = readFileSync(file, 'utf8').replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, '');
  const from = new Map<string, string>();
  for (const [, names = '', module = ''] of text.matchAll(
    /(?:import|export) (?:type )?\{([^}]*)\} from '(\.[^']*)';/g,
  )) {
    const path = join(dirname(file), module.replace(/\.js$/, '.d.ts'));
    for (const name of names.split(',')) from.set(name.replace(/\btype\b/, '').trim(), path);
  }
  from.delete('');
  return { text, from };
}

/** The declaration of a name, to its closing brace or semicolon. */
function declarationOf(text: string, name: string): string {
  const words = `(?:declare )?(?:abstract )?(?:class|interface|type|const|function)`;
  const start = text.search(new RegExp(`\\b(?:export )?${words} ${name}\\b`));
  assert.ok(start >= 0, `${name} is declared nowhere`);
  const isBlock = /^(?:export )?(?:declare )?(?:class|interface)/.test(text.slice(start));
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const octet = text.charAt(i);
    if ('{(['.includes(octet)) depth++;
    if ('})]'.includes(octet)) depth--;
    if (depth === 0 && octet === (isBlock ? '}' : ';')) return text.slice(start, i + 1);
  }
  return text.slice(start);
}

/** Of what the workers of the command have in common: named, and nobody else's. */
const internal: ReadonlySet<string> = new Set(['Sharing']);

const index = read(join(DIST, 'index.d.ts'));

test('every type that the public surface names can be named by those who use it', () => {
  const missing = new Set<string>();
  for (const [name, first] of index.from) {
    if (internal.has(name)) continue;
    let file = first;
    let module = read(file);
    // A name may be exported again on its way.
    while (module.from.has(name)) {
      file = module.from.get(name) ?? '';
      module = read(file);
    }
    const declared = new Set(
      [...module.text.matchAll(/(?:class|interface|type|const) ([A-Z]\w*)/g)].map(([, own]) => own),
    );
    for (const [word] of declarationOf(module.text, name).matchAll(/\b[A-Z]\w*\b/g)) {
      const isOurs = module.from.has(word) || declared.has(word);
      if (isOurs && !index.from.has(word)) missing.add(`${word}, of ${name}`);
    }
  }
  assert.deepEqual([...missing], []);
});

/** Programs of others, one for each kind of thing that can be registered, and one that serves. */
const programs: Readonly<Record<string, string>> = {
  'policy.ts': `
    import type { AccessPolicy, AccessRequest, ClientContext, CommandName, Verdict } from 'picosocks5';
    export class Policy implements AccessPolicy {
      readonly id = 'policy';
      onConnect(client: Uint8Array, listener: string): Verdict {
        return client.length === 4 && listener === 'default' ? undefined : { by: 'policy' };
      }
      async onAuthenticated(client: ClientContext) { return client.user ? undefined : { by: 'policy' }; }
      onRequest(client: ClientContext, command: CommandName): Verdict { return undefined; }
      onAddress({ address, destination }: AccessRequest): Verdict {
        return address === undefined || destination.port === 25 ? { by: 'policy' } : undefined;
      }
      explain(request: AccessRequest): string { return request.command; }
    }`,
  'method.ts': `
    import type { Authentication, AuthenticationFailure, AuthenticationMethod, Exchange, Identity,
      Parsed } from 'picosocks5';
    export class Method implements AuthenticationMethod {
      readonly id = 'method';
      readonly code = 0x80;
      readonly strength = 5;
      available(authentication: Authentication): boolean { return authentication.users.configured; }
      async authenticate(exchange: Exchange): Promise<Identity | AuthenticationFailure> {
        const read = (octets: Uint8Array): Parsed<Uint8Array> | undefined =>
          octets.length < 8 ? undefined : { value: octets.slice(0, 8), length: 8 };
        const password = await exchange.read(read);
        const check = await exchange.passwords.check(exchange.client, 'alice', password);
        exchange.write(Uint8Array.of('failure' in check ? 1 : 0));
        return 'failure' in check ? { user: 'alice', failure: check.failure } : { user: 'alice', group: check.group };
      }
    }`,
  'source.ts': `
    import type { AuthenticationSource, AuthenticationSourceFormat, Awaitable, Identity, Secret,
      SourceKind, Verification } from 'picosocks5';
    class Directory implements AuthenticationSource {
      readonly kinds: ReadonlySet<SourceKind> = new Set<SourceKind>(['password']);
      readonly name: string;
      constructor(name: string) { this.name = name; }
      find(user: string): readonly Secret[] { return []; }
      verify(user: string, password: Uint8Array, verification: Verification): Awaitable<Identity | undefined> {
        return verification.signal.aborted ? undefined : { user, group: undefined };
      }
    }
    export const directory: AuthenticationSourceFormat = {
      id: 'directory',
      open: async (name, warn) => { warn(name); return new Directory(name); },
    };`,
  'outbound.ts': `
    import { connect } from 'node:net';
    import type { CancellationToken, ConnectRequest, Outbound, OutboundRequest, Transport } from 'picosocks5';
    import type { Duplex } from 'node:stream';
    export class Upstream implements Outbound {
      readonly id = 'upstream';
      readonly resolves = true;
      serves(request: OutboundRequest): boolean { return request.destination.host.endsWith('.corp'); }
      async connect(request: ConnectRequest): Promise<Transport | Duplex> {
        const token: CancellationToken = request.cancellation;
        const socket = connect({ host: '192.0.2.1', port: 1080, allowHalfOpen: true, signal: request.signal });
        token.on(() => socket.destroy());
        return socket;
      }
    }`,
  'dialect.ts': `
    import { type Address, Command, type Dialect, type Dialogue, type Identification, type Identity,
      Refusal, type RefusalOptions, Reply, type Request } from 'picosocks5';
    const options: RefusalOptions = { reply: Reply.notAllowed };
    export class Lines implements Dialect {
      readonly id = 'lines';
      recognizes(octets: Uint8Array): boolean | undefined { return octets[0] === 0x40; }
      async identify(dialogue: Dialogue, by: Identification): Promise<Identity> {
        by.chose('lines');
        if (!by.authentication.anonymous) throw new Refusal('not-allowed', 'log in', options);
        return { user: undefined, group: undefined };
      }
      readRequest(dialogue: Dialogue): Promise<Request> {
        const destination: Address = { host: '192.0.2.1', port: 1 };
        return dialogue.read(() => ({ value: { command: Command.connect, destination }, length: 0 }));
      }
      encode(reply: Reply, bound?: Address): Uint8Array { return Uint8Array.of(reply, bound?.port ?? 0); }
    }`,
  'sink.ts': `
    import type { CloseReason, ConnectionEvent, EventSink, ServerEvent } from 'picosocks5';
    export class Sink implements EventSink {
      readonly id = 'sink';
      readonly reasons = new Map<CloseReason, ConnectionEvent>();
      wants(type: ServerEvent['type']): boolean { return type === 'closed'; }
      handle(event: ServerEvent): void { if (event.type === 'closed') this.reasons.set(event.reason, event); }
    }`,
  'program.ts': `
    import { createServer as createNetServer } from 'node:net';
    import { type CheckResult, type ConnectionInfo, createRegistries, createServer, type Disposable,
      type GroupOptions, Log, type Registries, type Registry, type Server, type ServeOptions,
      type ServerOptions, UserError } from 'picosocks5';
    import { Lines } from './dialect.js';
    import { Method } from './method.js';
    import { Upstream } from './outbound.js';
    import { Policy } from './policy.js';
    import { Sink } from './sink.js';
    import { directory } from './source.js';
    const registries: Registries = createRegistries();
    const all: Disposable[] = [
      registries.accessPolicies.register(new Policy()),
      registries.authenticationMethods.register(new Method()),
      registries.authenticationSources.register(directory),
      registries.outbounds.register(new Upstream()),
      registries.dialects.register(new Lines()),
      registries.eventSinks.register(new Sink()),
      registries.eventSinks.register(new Log({ loglevel: 'info' }, 'stderr')),
    ];
    const staff: GroupOptions = { request: ['connect'], limits: { connections: 3 } };
    const options: ServerOptions = { listen: ['127.0.0.1:0'], groups: { staff } };
    const server: Server = createServer(options, registries);
    const serve: ServeOptions = { client: { host: '192.0.2.1', port: 1 }, listener: 'default' };
    createNetServer((socket) => server.serve(socket, serve));
    export const info: readonly ConnectionInfo[] = server.connections();
    export const check: Promise<CheckResult> = server.check('alice', 'connect', { host: 'x', port: 1 });
    export const fault: UserError = new UserError('x');
    export const ids = (registry: Registry<{ readonly id: string }>) => registry.ids;
    for (const one of all) one.dispose();`,
};

test('programs of others compile against the types as they are published', {
  skip: wine('tools'),
}, async (t) => {
  const folder = temporaryDirectory(t);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const names = [...index.from.keys()].join(', ');
  const files = { ...programs, 'all.ts': `export type { ${names} } from 'picosocks5';` };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const compilerOptions = {
    ...{ target: 'es2023', module: 'nodenext', types: ['node'], noEmit: true },
    ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  const compiler = join(ROOT, 'node_modules/.bin/tsc');
  const { status, stdout } = await run(t, compiler, ['-p', folder], { cwd: folder });
  assert.equal(stdout, '');
  assert.equal(status, 0);
});
