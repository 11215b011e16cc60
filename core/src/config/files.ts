import type { ServerOptions } from './settings.js';
import { namedSources, parseSource } from './sources.js';

/** A file that options name, which is read when options are. */
export interface NamedFile {
  /** What is in it, for messages: `password file`, `certificate`, ... */
  readonly what: string;
  readonly name: string;
}

/**
 * The files of users, of TLS and of upstreams that options name, those of listeners included, each
 * once.
 */
export function filesOf(options: ServerOptions): NamedFile[] {
  const sources = namedSources(options).map(parseSource);
  const passwords = sources.filter(({ id }) => id === 'password');
  const all = [
    ...passwords.map(({ argument }) => ({ what: 'password file', name: argument })),
    ...[options, ...Object.values(options.listeners ?? {})].flatMap((one) => [
      { what: 'certificate', name: one.tlsCert },
      { what: 'key', name: one.tlsKey },
      { what: 'certificates', name: one.tlsClientCa },
    ]),
  ];
  const upstreams = Object.values(options.upstreams ?? {}).flatMap((one) => [
    { what: 'password file', name: one.passwordFile },
    { what: 'certificates', name: one.tlsCa },
  ]);
  const files = [...all, ...upstreams].filter((file): file is NamedFile => file.name !== undefined);
  return files.filter(({ name }, i) => i === files.findIndex((other) => other.name === name));
}
