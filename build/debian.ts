import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const OWN = join(ROOT, 'build/debian');
/** Where the program is, in the package. */
const LIB = 'usr/lib/picosocks5';

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly dependencies?: Readonly<Record<string, string>>;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** A version as Debian compares it: what comes before a release sorts before it. */
export function debianVersion(version: string): string {
  return version.replace('-', '~');
}

/** Puts what npm would publish of the server into a folder. */
function unpackServer(folder: string): void {
  const work = mkdtempSync(join(tmpdir(), 'picosocks5-pack-'));
  try {
    // All is built, and what the scripts would copy stands elsewhere here.
    const args = ['pack', '--ignore-scripts', '--silent', '--pack-destination', work];
    execFileSync('npm', args, { cwd: join(ROOT, 'core'), stdio: ['ignore', 'ignore', 'inherit'] });
    const [tarball = ''] = readdirSync(work);
    execFileSync('tar', ['-xzf', join(work, tarball), '-C', folder, '--strip-components=1']);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Puts the packages into a folder that one needs, and those that they need. */
function copyDependencies(manifest: Manifest, folder: string): void {
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    const from = join(ROOT, 'node_modules', name);
    const to = join(folder, name);
    const isProgram = (path: string) => path === join(from, 'bin');
    const filter = (path: string) => !isProgram(path);
    cpSync(from, to, { recursive: true, dereference: true, filter });
    copyDependencies(manifestOf(from), folder);
  }
}

function put(root: string, path: string, content: string | Buffer): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** Gives all files and folders the modes that packages have, whatever the umask is. */
function setModes(path: string): void {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return;
  if (!stats.isDirectory()) {
    const isProgram = /\/(bin\/pi[^/]+\.cjs|DEBIAN\/(postinst|prerm|postrm))$/.test(path);
    chmodSync(path, isProgram ? 0o755 : 0o644);
    return;
  }
  chmodSync(path, 0o755);
  for (const name of readdirSync(path)) setModes(join(path, name));
}

/** KiB of all files. */
function sizeOf(path: string): number {
  const stats = lstatSync(path);
  if (!stats.isDirectory()) return Math.ceil(stats.size / 1024);
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 1);
}

/** The changelog as Debian has it: what is new stands in the project's own beside it. */
function changelog(version: string, date: Date): string {
  const when = date.toUTCString().replace('GMT', '+0000');
  return (
    `picosocks5 (${version}) stable; urgency=medium\n\n` +
    '  * What is new stands in /usr/share/doc/picosocks5/NEWS.md.gz.\n\n' +
    ` -- PicoSOCKS5 maintainers <picosocks5@users.noreply.github.com>  ${when}\n`
  );
}

/**
 * Makes the Debian package of the server, which has to be built.
 *
 * @param target the folder that it is put into.
 * @returns the package.
 * @throws if a program that it takes is missing: npm, tar, dpkg-deb.
 */
export function packageServer(target: string): string {
  const manifest = manifestOf(join(ROOT, 'core'));
  const version = debianVersion(manifest.version);
  const root = mkdtempSync(join(tmpdir(), 'picosocks5-deb-'));
  try {
    const lib = join(root, LIB);
    mkdirSync(lib, { recursive: true });
    unpackServer(lib);
    copyDependencies(manifest, join(lib, 'node_modules'));
    const own = (name: string) => readFileSync(join(OWN, name), 'utf8');
    const gzip = (file: string) => gzipSync(readFileSync(file), { level: 9 });
    for (const name of ['picosocks5', 'pis5user']) {
      mkdirSync(join(root, 'usr/bin'), { recursive: true });
      symlinkSync(`../lib/picosocks5/bin/${name}.cjs`, join(root, 'usr/bin', name));
    }
    for (const [name, section] of [
      ['picosocks5', 8],
      ['pis5user', 1],
    ] as const) {
      const page = `${name}.${section}`;
      put(root, `usr/share/man/man${section}/${page}.gz`, gzip(join(lib, 'man', page)));
    }
    for (const unit of ['picosocks5.service', 'picosocks5.socket']) {
      put(root, `lib/systemd/system/${unit}`, readFileSync(join(lib, 'systemd', unit)));
    }
    put(
      root,
      'etc/fail2ban/filter.d/picosocks5.conf',
      readFileSync(join(lib, 'fail2ban/picosocks5.conf')),
    );
    put(root, 'etc/logrotate.d/picosocks5', own('logrotate'));
    put(root, 'etc/picosocks5/picosocks5.ini', own('picosocks5.ini'));
    const doc = 'usr/share/doc/picosocks5';
    put(root, `${doc}/copyright`, own('copyright'));
    put(root, `${doc}/NEWS.md.gz`, gzip(join(ROOT, 'CHANGELOG.md')));
    const date = new Date(Number(process.env['SOURCE_DATE_EPOCH'] ?? Date.now() / 1000) * 1000);
    put(root, `${doc}/changelog.gz`, gzipSync(changelog(version, date), { level: 9 }));
    // What stands where Debian has it.
    for (const name of ['man', 'systemd', 'fail2ban', 'CHANGELOG.md', 'LICENSE']) {
      rmSync(join(lib, name), { recursive: true, force: true });
    }
    const node = manifest.engines.node.replace(/^>=/, '');
    const control = own('control')
      .replace('{version}', version)
      .replace('{node}', node)
      .replace('{size}', String(sizeOf(root)));
    put(root, 'DEBIAN/control', control);
    for (const name of ['conffiles', 'postinst', 'prerm', 'postrm']) {
      put(root, `DEBIAN/${name}`, own(name));
    }
    setModes(root);
    mkdirSync(target, { recursive: true });
    const file = join(target, `picosocks5_${version}_all.deb`);
    const unfinished = `${file}.${process.pid}`;
    const args = ['--root-owner-group', '-Zxz', '--build', root, unfinished];
    execFileSync('dpkg-deb', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    renameSync(unfinished, file);
    return file;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write(`${packageServer(process.argv[2] ?? join(ROOT, 'release'))}\n`);
}
