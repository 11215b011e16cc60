import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFile } from '../support/files.js';
import { run, unless } from '../support/programs.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const SCRIPT = join(root, 'build/desktop-prerm.sh');

/**
 * A machine on which the package is installed, its program runs, and one that crashed has left
 * proxy settings to a user who is logged in: what only the script sees, and this namespace has.
 */
const MACHINE = `
  mount -t tmpfs none /opt
  mkdir -p /run/user
  mount -t tmpfs none /run/user
  cp /etc/passwd /opt/passwd
  echo 'somebody:x:0:0::/opt/home:/bin/sh' >>/opt/passwd
  sed -i '/^root:/d' /opt/passwd
  mount --bind /opt/passwd /etc/passwd
  app=/opt/PicoSOCKS5/picosocks5-desktop
  mkdir -p /opt/PicoSOCKS5 /opt/home/.config/PicoSOCKS5 /run/user/0
  touch /opt/home/.config/PicoSOCKS5/system-proxy.json
  python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/run/user/0/bus")'
  cp "$(command -v sleep)" "$app"
  "$app" 60 & pid=$!
  until [ "$(readlink /proc/$pid/exe)" = "$app" ]; do sleep 0.02; done
  sh "$0" upgrade 2
  kill -0 $pid && echo 'an update leaves it running'
  # The program that gives back, in the place of the one that runs.
  printf '#!/bin/sh\\necho "$HOME $DBUS_SESSION_BUS_ADDRESS $*" >/opt/called\\n' >/opt/next
  chmod 755 /opt/next
  mv /opt/next "$app.next"
  (while readlink /proc/$pid/exe >/dev/null; do sleep 0.02; done; mv "$app.next" "$app") &
  sh "$0" remove
  wait $pid; echo "it has ended by $(($? - 128))"
  cat /opt/called
`;

test('the package ends the app before it goes, and has it give back what a crash has left', {
  skip:
    process.getuid?.() === 0
      ? unless('unshare', 'mount', 'python3', 'runuser', 'timeout', 'getent')
      : 'only root removes packages',
}, async (t) => {
  assert.match(readFileSync(SCRIPT, 'utf8'), /^#!\/bin\/sh\n/);
  const machine = temporaryFile(t, MACHINE, 'machine');
  const args = ['--mount', 'sh', '-c', `. ${machine}`, SCRIPT];
  const { stdout, stderr } = await run(t, 'unshare', args);
  if (/unshare|mount/.test(stderr)) {
    t.skip(`no machine of its own: ${stderr.trim()}`);
    return;
  }
  assert.deepEqual(stdout.trim().split('\n'), [
    'an update leaves it running',
    'it has ended by 15',
    '/opt/home unix:path=/run/user/0/bus ' +
      '--ozone-platform=headless --disable-gpu --give-back-system-proxy',
  ]);
});
