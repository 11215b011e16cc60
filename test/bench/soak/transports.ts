import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a server may have its TCP connections: on Node's handles, or on its sockets. */
export const TRANSPORTS = ['handles', 'socket'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/** Environment in which a server has its connections in one way. */
export function environmentFor(transport: TransportName): NodeJS.ProcessEnv {
  const { PICOSOCKS5_TRANSPORT: _, ...rest } = process.env;
  return transport === 'handles' ? rest : { ...rest, PICOSOCKS5_TRANSPORT: transport };
}

/** Which transport a server has in an environment; what it cannot have is not taken. */
export function transportIn(node: string, environment: NodeJS.ProcessEnv): TransportName {
  const probe = fileURLToPath(new URL('./transportprobe.js', import.meta.url));
  const { stdout } = spawnSync(node, [probe], { env: environment, encoding: 'utf8' });
  return stdout.trim() === 'handles' ? 'handles' : 'socket';
}
