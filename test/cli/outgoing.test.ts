import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PICOSOCKS5 } from '../support/command.js';
import { type Output, run, unless } from '../support/programs.js';

/** Why there are no namespaces with IPv6 here. */
function unlessNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  return unless('unshare', 'ip', 'sysctl', 'curl');
}
const skip = unlessNamespaces();

/** A server that tells who has asked it. */
const TELLER = `require('http').createServer((request, response) => {
  response.end(request.socket.remoteAddress + '\\n');
}).listen(80, '::', () => console.log('ready'))`;

/**
 * Runs a script of bash in a network of its own, where 2001:db8:1::1 and 192.0.2.1 are this
 * machine's and tell who asks. `serve OPTIONS` starts a server and waits for it; `ask URL` asks by it.
 */
function onMachine(t: TestContext, script: string): Promise<Output> {
  const setUp = `
    set -e
    ip link set lo up
    ip link add test0 type veth peer name test1
    ip link set test0 up
    ip link set test1 up
    ip address add 192.0.2.1/24 dev test0
    ip address add 2001:db8:1::1/64 dev test0 nodad
    set +e
    coproc TELLER { exec "$1" -e "$2"; }
    read -r -u "\${TELLER[0]}"
    serve() {
      exec 3< <(exec "$1" "$0" "\${@:2}" 127.0.0.1:1080 2>&1)
      server=$!
      while read -r -u 3 line; do
        [[ "$line" == *' listening '* ]] && return
        echo "$line"
      done
    }
    # Asks until the answer is as expected, for five seconds.
    await() {
      for _ in {1..50}; do
        answer=$(ask "$1")
        [[ "$answer" == $2 ]] && break
        sleep 0.1
      done
      echo "$answer"
    }
    ask() { curl -sS --max-time 5 --socks5 127.0.0.1:1080 "$1" 2>&1; }
    program=$0 node=$1
  `;
  const body = script.replaceAll('serve ', 'serve "$node" ').replaceAll('"$0"', '"$program"');
  const args = [
    '-n',
    '-m',
    'bash',
    '-c',
    `${setUp}\n${body}\nkill $server $TELLER_PID 2>/dev/null`,
  ];
  return run(t, 'unshare', [...args, PICOSOCKS5, process.execPath, TELLER]);
}

test('an IPv6 prefix works after what the error says, each connection from another address', {
  skip,
}, async (t) => {
  const { stdout, stderr } = await onMachine(
    t,
    `
    error=$("$node" "$program" --from 2001:db8:9::/64 127.0.0.1:1080 2>&1)
    echo "$error"
    eval "\${error##*it can after: }"
    serve --from 2001:db8:9::/64 --from 192.0.2.1
    for i in 1 2 3; do ask 'http://[2001:db8:1::1]/'; done
    ask http://192.0.2.1/`,
  );
  const [error = '', ...lines] = stdout.trim().split('\n');
  assert.match(
    error,
    /from: "2001:db8:9::\/64": this machine cannot connect from all addresses of 2001:db8:9::\/64; it can after: sysctl -w net\.ipv6\.ip_nonlocal_bind=1 && ip -6 route add local 2001:db8:9::\/64 dev lo$/,
    `${stdout}${stderr}`,
  );
  const seen = lines.filter((line) => line.startsWith('2001:db8:9:'));
  assert.equal(new Set(seen).size, 3, stdout);
  assert.equal(lines.at(-1), '::ffff:192.0.2.1');
});

test('an IPv4 prefix works after what the error says', { skip }, async (t) => {
  const { stdout } = await onMachine(
    t,
    `
    error=$("$node" "$program" --from 198.51.100.0/24 127.0.0.1:1080 2>&1)
    echo "$error"
    eval "\${error##*it can after: }"
    serve --from 198.51.100.0/24
    ask http://192.0.2.1/`,
  );
  const lines = stdout.trim().split('\n');
  assert.match(lines[0] ?? '', /it can after: ip route add local 198\.51\.100\.0\/24 dev lo$/);
  assert.match(lines.at(-1) ?? '', /^::ffff:198\.51\.100\.\d+$/);
});

test('a prefix to which no answer would come is warned of', { skip }, async (t) => {
  const { stdout } = await onMachine(
    t,
    `sysctl -qw net.ipv6.ip_nonlocal_bind=1
    serve --from 2001:db8:9::/64`,
  );
  assert.match(
    stdout,
    /warn.*does not arrive here, and so would no answer; it may after: ip -6 route/,
  );
});

test('an interface is what addresses it has now', { skip }, async (t) => {
  const { stdout } = await onMachine(
    t,
    `serve --from @test0
    ip address add 192.0.2.2/24 dev test0
    ip address del 192.0.2.1/24 dev test0
    ip address add 192.0.2.2/24 dev test0
    await http://192.0.2.2/ '*:192.0.2.2'
    ip address flush dev test0
    ip address add 192.0.2.3/32 dev lo
    await http://192.0.2.3/ '*curl:*'`,
  );
  assert.match(stdout, /^::ffff:192\.0\.2\.2$/m);
  assert.match(stdout, /curl: \(97\).*\(3\)/);
});

test('an address that this machine does not have is an error', { skip }, async (t) => {
  const { stdout } = await onMachine(
    t,
    '"$node" "$program" --from 192.0.2.9 127.0.0.1:1080 2>&1; echo "status $?"',
  );
  assert.match(stdout, /from: "192\.0\.2\.9": this machine does not have this address; it has /);
  assert.match(stdout, /status 1/);
});
