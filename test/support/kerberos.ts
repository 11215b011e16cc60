import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from './files.js';
import { has, isCI, start, unlessWorks } from './programs.js';
import type { Scope } from './scope.js';
import { freePort, listening } from './sockets.js';

/** The Python that Debian's package python3-gssapi is for. */
export const PYTHON = '/usr/bin/python3';
export const REALM = 'EXAMPLE.ORG';
/** The service that the keytab has keys of. */
export const SERVICE = 'rcmd';

const KDC = '/usr/sbin/krb5kdc';
const ADMIN = '/usr/sbin/kadmin.local';
const run = promisify(execFile);

/** The `skip` option of tests that need a KDC and clients of it. */
export function unlessKerberos(): string | undefined {
  if (!isCI && (!has(KDC) || !has(ADMIN) || !has('kinit'))) {
    return 'not installed: krb5-kdc, krb5-admin-server, krb5-user';
  }
  return unlessWorks(PYTHON, ['-c', 'import gssapi'], 'python3-gssapi');
}

/** A realm on loopback with a KDC of its own, in a folder of its own; it ends with the tests. */
export class Realm {
  readonly folder: string;
  /** With the keys of {@link SERVICE}. */
  readonly keytab: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #port: number;

  private constructor(folder: string, env: NodeJS.ProcessEnv, port: number) {
    this.folder = folder;
    this.keytab = join(folder, 'keytab');
    this.#env = env;
    this.#port = port;
  }

  /** Starts one, which this process knows from then on. */
  static async start(t: Scope): Promise<Realm> {
    const folder = temporaryDirectory(t);
    const port = await freePort(t);
    const config = writeConfig(folder, 'krb5.conf', port);
    const profile = join(folder, 'kdc.conf');
    writeFileSync(
      profile,
      `[kdcdefaults]
 kdc_listen = ""
 kdc_tcp_listen = 127.0.0.1:${port}
[realms]
 ${REALM} = {
  database_name = ${folder}/principal
  key_stash_file = ${folder}/stash
  acl_file = ${folder}/acl
 }
[logging]
 kdc = FILE:${folder}/kdc.log
`,
    );
    const env = {
      ...process.env,
      KRB5_CONFIG: config,
      KRB5_KDC_PROFILE: profile,
      KRB5RCACHENAME: 'dfl:',
      KRB5RCACHEDIR: folder,
      KRB5CCNAME: `FILE:${folder}/nobody`,
      KRB5_KTNAME: `FILE:${folder}/none`,
    };
    const realm = new Realm(folder, env, port);
    Object.assign(process.env, env);
    await run('/usr/sbin/kdb5_util', ['create', '-s', '-r', REALM, '-P', 'master'], { env });
    await realm.admin(`addprinc -randkey ${SERVICE}/localhost`);
    await realm.admin(`ktadd -k ${realm.keytab} ${SERVICE}/localhost`);
    start(t, KDC, ['-n', '-P', join(folder, 'pid')], { env });
    await listening(port);
    return realm;
  }

  /** A configuration in which no clock may differ by more than a second. */
  strictConfig(): string {
    return writeConfig(this.folder, 'strict.conf', this.#port, ' clockskew = 1\n');
  }

  /** Asks for something of kadmin.local. */
  async admin(query: string): Promise<void> {
    await run(ADMIN, ['-r', REALM, '-q', query], { env: this.#env });
  }

  /** The environment of somebody who has a ticket. @param life of the ticket. */
  async ticket(name: string, life = '1h'): Promise<NodeJS.ProcessEnv> {
    await this.admin(`addprinc -pw secret ${name}`);
    const file = join(this.folder, `${name.replace('/', '_')}.ccache`);
    const env = { ...this.#env, KRB5CCNAME: `FILE:${file}` };
    const args = ['-l', life, name];
    const { status, stderr } = spawnSync('kinit', args, { env, input: 'secret\n' });
    if (status !== 0) throw new Error(`kinit: ${stderr}`);
    return env;
  }
}

function writeConfig(folder: string, name: string, port: number, more = ''): string {
  const file = join(folder, name);
  writeFileSync(
    file,
    `[libdefaults]
 default_realm = ${REALM}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
${more}[realms]
 ${REALM} = {
  kdc = 127.0.0.1:${port}
 }
[domain_realm]
 localhost = ${REALM}
`,
  );
  return file;
}
