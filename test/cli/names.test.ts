import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PICOSOCKS5 } from '../support/command.js';
import { temporaryFile } from '../support/files.js';
import { type Output, run, unless } from '../support/programs.js';

/** Why there are no namespaces here. */
function noNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  return unless('unshare', 'ip', 'mount');
}

/** Runs a script of bash with a network of its own, with loopback only, and files in place of others. */
function inNamespace(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  script: string,
): Promise<Output> {
  const mounts = Object.entries(files).map(
    ([path, text]) => `mount --bind ${temporaryFile(t, text)} ${path}`,
  );
  const setUp = ['set -e', 'ip link set lo up', ...mounts, 'set +e'];
  const program = [...setUp, script].join('\n');
  return run(t, 'unshare', ['-n', '-m', 'bash', '-c', program, PICOSOCKS5, process.execPath]);
}

test('localhost is listened at where /etc/hosts has ::1 and the machine does not', {
  skip: noNamespaces(),
}, async (t) => {
  const script = `
    echo 1 > /proc/sys/net/ipv6/conf/lo/disable_ipv6
    coproc "$1" "$0" localhost:1080 2>&1
    while read -r -u "\${COPROC[0]}" line; do
      echo "$line"
      [[ "$line" == *' listening '* ]] && break
    done
    kill $COPROC_PID
    wait $COPROC_PID`;
  const files = { '/etc/hosts': '127.0.0.1 localhost\n::1 localhost\n' };
  const { stdout } = await inNamespace(t, files, script);
  assert.match(stdout, /^PicoSOCKS5 .* listens on 127\.0\.0\.1:1080\n/);
  assert.match(stdout, /warn +cannot listen on \[::1\]:1080/);
});

test('2,000 rules whose names nobody knows hold up nothing', {
  skip: noNamespaces(),
}, async (t) => {
  const rules = Array.from({ length: 2000 }, (_, i) => `!connect:n${i}.example`);
  const config = temporaryFile(
    t,
    `request = ${rules.join(',')},connect:*\nnetwork = !m.example,*\n`,
  );
  const files = { '/etc/resolv.conf': 'nameserver 127.0.0.53\n' };
  const script = `
    coproc "$1" -e 'require("dgram").createSocket("udp4").bind(53, "127.0.0.53", () => console.log())'
    read -u "\${COPROC[0]}"
    timeout 30 "$1" "$0" check -c ${config} - connect 127.0.0.1:80
    status=$?
    kill $COPROC_PID
    exit $status`;
  const { status, stdout, stderr } = await inNamespace(t, files, script);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^allowed: /);
  assert.match(stderr, /warning: rules name hosts that cannot be resolved now: .* and \d+ more;/);
});
