import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { CSC_LINK, CSC_NAME, ELECTRON_OVERRIDE_DIST_PATH, GITHUB_REPOSITORY } = process.env;

/** The package and its program: `picosocks5` is the command of core. */
const NAME = 'picosocks5-desktop';

// A workflow whose secret is not set has it empty, which is read as the name of a file.
if (CSC_LINK === '') delete process.env.CSC_LINK;

const [owner, repo] = (GITHUB_REPOSITORY || 'picosocks5/picosocks5').split('/');

/** An unpacked Electron in place of the one that is downloaded, with its version. */
const electron = ELECTRON_OVERRIDE_DIST_PATH
  ? {
      electronDist: ELECTRON_OVERRIDE_DIST_PATH,
      electronVersion: readFileSync(join(ELECTRON_OVERRIDE_DIST_PATH, 'version'), 'utf8').trim(),
    }
  : {};

/**
 * What is in the app for one system, besides what the production dependencies have: of these, no
 * sources, and no native libraries for anything else.
 */
const filesFor = (platform, koffi) => [
  'main/dist/{start.js,threadpool.js,ipc/preload.cjs}',
  'main/program/**',
  'renderer/dist/**',
  'build/dist/icons/{icon.png,tray-*}',
  '!**/*.{ts,mts,cts,map,tsbuildinfo}',
  '!**/*.{c,cc,cpp,h,hh,hpp,inc,def,S,asm,gypi}',
  '!node_modules/**/{test,tests,spec,benchmark}{,/**}',
  '!node_modules/picosocks5/{src,tsconfig.json}{,/**}',
  // The bundled extensions are in picosocks5, ready; npm links them as workspaces, too.
  '!node_modules/picosocks5/extensions/{tsconfig.base.json,*/{src,node_modules,tsconfig.json}{,/**}}',
  '!node_modules/picosocks5-*{,/**}',
  // Keytar looks here first, where npm puts the library of the machine that builds.
  '!node_modules/{keytar/{build,script},node-addon-api}{,/**}',
  `!node_modules/keytar/prebuilds/!(${platform}-\${arch}){,/**}`,
  ...koffi,
];

/** Koffi opens libxcrypt, which only Linux has. */
const NO_KOFFI = ['!node_modules/{koffi,@koromix}{,/**}'];
const KOFFI = [
  `!node_modules/@koromix/!(koffi-linux-\${arch}){,/**}`,
  '!node_modules/@koromix/*/musl_*{,/**}',
  '!node_modules/koffi/{doc,lib,vendor,cnoke.cjs}{,/**}',
];

/** Gives back the proxy settings that the app has changed, when it is removed. */
const BEFORE_REMOVE = ['--before-remove', join(import.meta.dirname, 'desktop-prerm.sh')];

/** @type {import('electron-builder').Configuration} */
const configuration = {
  ...electron,
  appId: 'io.github.picosocks5',
  productName: 'PicoSOCKS5',
  copyright: 'Copyright © the PicoSOCKS5 maintainers',
  directories: { output: 'release', buildResources: 'build' },
  extraMetadata: {
    name: NAME,
    desktopName: 'io.github.picosocks5.desktop',
    homepage: `https://github.com/${owner}/${repo}`,
    author: { name: 'PicoSOCKS5 maintainers', email: `${owner}@users.noreply.github.com` },
  },
  extraResources: ['LICENSE'],
  // What is unpacked is not checked for integrity: native libraries only.
  asar: { smartUnpack: false },
  asarUnpack: ['**/*.node'],
  npmRebuild: false,
  electronLanguages: ['en-US', 'de'],
  electronFuses: {
    runAsNode: false,
    // There are no cookies, and encryption would ask for the keychain.
    enableCookieEncryption: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
  },
  // Without it the app has no app-update.yml, and looks for no updates.
  publish: GITHUB_REPOSITORY ? { provider: 'github', owner, repo } : null,
  win: {
    target: { target: 'nsis', arch: ['x64', 'arm64'] },
    icon: 'dist/icons/icon.ico',
    files: filesFor('win32', NO_KOFFI),
  },
  nsis: {
    oneClick: false,
    allowToChangeInstallationDirectory: true,
    include: 'build/installer.nsh',
    artifactName: `\${productName}-Setup-\${version}.\${ext}`,
  },
  mac: {
    target: ['dmg', 'zip'].map((target) => ({ target, arch: ['x64', 'arm64'] })),
    icon: 'dist/icons/icon.icns',
    category: 'public.app-category.utilities',
    entitlements: 'build/entitlements.mac.plist',
    entitlementsInherit: 'build/entitlements.mac.plist',
    // Without a certificate it is signed by nobody, and the hardened runtime refuses to load that.
    ...(CSC_LINK || CSC_NAME
      ? { hardenedRuntime: true }
      : { identity: '-', hardenedRuntime: false, notarize: false }),
    files: filesFor('darwin', NO_KOFFI),
  },
  linux: {
    target: ['AppImage', 'tar.gz', 'deb', 'rpm'],
    icon: 'dist/icons/icons',
    executableName: NAME,
    syncDesktopName: true,
    category: 'Network',
    synopsis: 'SOCKS5 proxy server in the tray',
    description:
      'Serve SOCKS5 to this computer and its network, with users, access rules and limits',
    desktop: { entry: { Keywords: 'proxy;socks;socks5;server;' } },
    files: filesFor('linux', KOFFI),
  },
  // Runs without libfuse2, which systems of today do not have.
  toolsets: { appimage: '1.0.3' },
  // On top of electron-builder's own lists; that for deb has libsecret already.
  deb: {
    packageCategory: 'net',
    fpm: [...BEFORE_REMOVE, '--depends', 'libgbm1', '--depends', 'libasound2t64 | libasound2'],
  },
  rpm: {
    packageCategory: 'Applications/Internet',
    fpm: [
      ...BEFORE_REMOVE,
      ...['libsecret or libsecret-1-0', 'mesa-libgbm or libgbm1', 'alsa-lib or libasound2'].flatMap(
        (either) => ['--depends', `(${either})`],
      ),
    ],
  },
};

// biome-ignore lint/style/noDefaultExport: electron-builder reads it.
export default configuration;
