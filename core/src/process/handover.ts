import { UserError } from '../base/errors.js';
import type { Settings } from '../config/settings.js';

/** A listening socket that the service manager has opened for this process (sd_listen_fds(3)). */
export interface HandedOver {
  readonly descriptor: number;
  /** FileDescriptorName= of systemd.socket(5); undefined if none was told. */
  readonly name: string | undefined;
}

/** SD_LISTEN_FDS_START. */
const FIRST = 3;
/** More than any unit has; the number is somebody else's. */
const MOST = 1024;

/**
 * Takes the sockets that were handed over to this process, if any were, out of the environment: no
 * process that this one starts shall think that they are its own.
 *
 * @throws {UserError} if what the environment says of them cannot be.
 */
export function takeHandedOver(
  env: NodeJS.ProcessEnv = process.env,
  pid = process.pid,
): readonly HandedOver[] {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID']) {
    delete env[name];
  }
  if (LISTEN_FDS === undefined || LISTEN_PID !== String(pid)) return [];
  const count = /^\d{1,4}$/.test(LISTEN_FDS) ? Number(LISTEN_FDS) : Number.NaN;
  if (!(count <= MOST)) {
    throw new UserError(`LISTEN_FDS: expected a number from 0 to ${MOST}, not "${LISTEN_FDS}"`);
  }
  const names = LISTEN_FDNAMES?.split(':');
  if (names !== undefined && names.length !== count) {
    throw new UserError(
      `LISTEN_FDNAMES: expected ${count} names with colons between, as LISTEN_FDS says, ` +
        `not "${LISTEN_FDNAMES}"`,
    );
  }
  return Array.from({ length: count }, (_, i) => ({ descriptor: FIRST + i, name: names?.[i] }));
}

/**
 * Adds the sockets that were handed over to where the settings listen: one whose name is that of a
 * `[listener:NAME]` to that, the others to the listener without a section, whose default address
 * they take the place of.
 */
export function withHandedOver(settings: Settings, handedOver: readonly HandedOver[]): Settings {
  if (handedOver.length === 0) return settings;
  const { listeners = {}, listen = [] } = settings;
  const isOf = (wanted: string | undefined) => (socket: HandedOver) => {
    const { name } = socket;
    const own = name !== undefined && Object.hasOwn(listeners, name) ? name : undefined;
    return own === wanted;
  };
  const endpointsOf = (name: string | undefined, scheme: string) =>
    handedOver.filter(isOf(name)).map(({ descriptor }) => `${scheme}fd@${descriptor}`);
  const named = Object.entries(listeners).map(([name, own]) => {
    const endpoints = [...endpointsOf(name, schemeOf(own)), ...(own.listen ?? [])];
    return [name, endpoints.length === 0 ? own : { ...own, listen: endpoints }] as const;
  });
  const unnamed = [...endpointsOf(undefined, schemeOf(settings)), ...listen];
  return {
    ...settings,
    listeners: Object.fromEntries(named),
    ...(unnamed.length === 0 ? {} : { listen: unnamed }),
  };
}

/** What clients of its sockets have to speak: TLS, if it has a certificate and nothing that is plain. */
function schemeOf({ tlsCert, listen = [] }: Pick<Settings, 'tlsCert' | 'listen'>): string {
  const tls = 'tls://';
  return tlsCert !== undefined && listen.every((place) => place.startsWith(tls)) ? tls : '';
}

/** @throws {UserError} if sockets were handed over, which a process in the background would not have. */
export function demandNoHandedOver(handedOver: readonly HandedOver[]): void {
  if (handedOver.length === 0) return;
  throw new UserError(
    'sockets were handed over (LISTEN_FDS), which do not go to the background; expected neither ' +
      '--fork nor nofork = no',
  );
}
