import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Certified, certificate } from './certificates.js';
import { temporaryDirectory } from './files.js';
import { start, unless } from './programs.js';
import type { Scope } from './scope.js';
import { freePort, listening } from './sockets.js';

/** The `skip` option of tests that need OpenLDAP's server. */
export const noSlapd = unless('/usr/sbin/slapd', '/usr/sbin/slapadd');

export const BASE = 'dc=example,dc=org';
export const READER = `cn=reader,${BASE}`;

/** A directory that ends with the test. */
export interface Slapd {
  readonly ldap: number;
  readonly ldaps: number;
  /** Who has signed its certificate, in PEM. */
  readonly ca: string;
  /** Writes changes of LDIF into it. */
  modify(ldif: string): void;
}

const entries = `dn: ${BASE}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ${READER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: readers

dn: ou=people,${BASE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,${BASE}
objectClass: organizationalUnit
ou: groups

`;

/** An entry of a person, and another of LDIF's lines. */
export function person(uid: string, password: string, more = ''): string {
  const encode = (text: string) => Buffer.from(text).toString('base64');
  return `dn: uid=${uid},ou=people,${BASE}
objectClass: inetOrgPerson
uid:: ${encode(uid)}
cn:: ${encode(uid)}
sn: x
userPassword:: ${encode(password)}
${more}
`;
}

/** @param members their uids. */
export function groupOf(name: string, ...members: string[]): string {
  const lines = members.map((uid) => `member: uid=${uid},ou=people,${BASE}\n`);
  return `dn: cn=${name},ou=groups,${BASE}
objectClass: groupOfNames
cn: ${name}
${lines.join('')}
`;
}

/** Starts OpenLDAP's server on loopback: it has entries, and tells them only to the reader. */
export async function slapd(
  t: Scope & Parameters<typeof freePort>[0],
  ldif: string,
): Promise<Slapd> {
  const folder = temporaryDirectory(t);
  mkdirSync(join(folder, 'data'));
  const authority = certificate({ isAuthority: true, subject: [['CN', 'Authority']] });
  const own: Certified = certificate({ by: authority, names: ['localhost', '127.0.0.1'] });
  const files = { cert: own.cert, key: own.key, ca: authority.cert };
  for (const [name, pem] of Object.entries(files)) writeFileSync(join(folder, name), pem);
  const config = join(folder, 'slapd.conf');
  writeFileSync(
    config,
    `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCACertificateFile ${join(folder, 'ca')}
TLSCertificateFile ${join(folder, 'cert')}
TLSCertificateKeyFile ${join(folder, 'key')}
pidfile ${join(folder, 'pid')}
database mdb
suffix "${BASE}"
rootdn "cn=admin,${BASE}"
rootpw admin
directory ${join(folder, 'data')}
access to attrs=userPassword by anonymous auth by * none
access to * by dn="${READER}" read by self read by * none
`,
  );
  const file = join(folder, 'entries.ldif');
  writeFileSync(file, entries + ldif);
  succeed('/usr/sbin/slapadd', ['-q', '-f', config, '-l', file]);
  const [ldap, ldaps] = [await freePort(t), await freePort(t)];
  const urls = `ldap://127.0.0.1:${ldap}/ ldaps://127.0.0.1:${ldaps}/`;
  start(t, '/usr/sbin/slapd', ['-d', '0', '-f', config, '-h', urls]);
  await listening(ldap);
  await listening(ldaps);
  const admin = ['-x', '-H', `ldap://127.0.0.1:${ldap}`, '-D', `cn=admin,${BASE}`, '-w', 'admin'];
  const modify = (changes: string) => succeed('ldapmodify', admin, changes);
  return { ldap, ldaps, ca: authority.cert, modify };
}

function succeed(program: string, args: readonly string[], input = ''): void {
  const { status, stderr } = spawnSync(program, args, { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
}
