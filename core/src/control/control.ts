import { Server as NetServer } from 'node:net';
import { groupNumberOf, primaryGroupOf, userNumberOf } from '../base/accounts.js';
import { messageOf, systemMessage, UserError } from '../base/errors.js';
import { parseControlPlace } from '../config/controlplace.js';
import type { Settings } from '../config/settings.js';
import { type BoundHandle, listenOn } from '../listening/boundhandle.js';
import { bindOrTake } from '../listening/handedon.js';
import { bindSocket } from '../listening/unixsocket.js';
import type { LogLevels } from '../process/loglevel.js';
import type { Reloader } from '../process/reloader.js';
import type { UsageDays } from '../process/usagedays.js';
import type { Address } from '../protocol/address.js';
import type { Controlled } from './controlled.js';
import type { EventFeed } from './feed.js';
import { createHttpServer } from './http.js';
import { routesOf } from './routes.js';
import { type ControlCertificate, ControlTls, type HttpServer } from './tls.js';
import { readToken } from './token.js';

/** What a control interface speaks for. */
export interface ControlParts {
  readonly service: Controlled;
  readonly feed: EventFeed;
  readonly levels: LogLevels;
  /** ms since 1970. */
  readonly started: number;
  readonly reloader: Reloader;
  /** undefined: it is not kept what users move in a day. */
  readonly usage: UsageDays | undefined;
  /**
   * Has another process take this one's place, which then drains.
   *
   * @returns its process id.
   * @throws {UserError} if it does not serve.
   */
  replace(): Promise<number>;
  /** Whether the server is about to end. */
  isDraining(): boolean;
}

/** The mode of a control interface's UNIX socket. */
const MODE = 0o660;
const BACKLOG = 64;

/** Where a server can be asked and told. */
export class ControlInterface {
  readonly #handle: BoundHandle;
  readonly #address: Address | undefined;
  readonly #token: string | undefined;
  #tls: ControlTls | undefined;
  #server: HttpServer | undefined;

  private constructor(
    handle: BoundHandle,
    address: Address | undefined,
    token: string | undefined,
    tls?: ControlTls,
  ) {
    this.#handle = handle;
    this.#address = address;
    this.#token = token;
    this.#tls = tls;
  }

  /**
   * Binds the socket, and reads token and certificate, as long as the process may: nobody can
   * connect yet.
   *
   * @throws {UserError} if it cannot be bound, or there is no token or certificate where there has to
   *   be one.
   */
  static async bind(settings: Settings & { readonly control: string }): Promise<ControlInterface> {
    const { control, controlToken, user, group } = settings;
    const place = parseControlPlace(control);
    if (place.address !== undefined && controlToken === undefined) {
      throw new UserError(
        '--control at a TCP port needs --control-token FILE, since everybody ' +
          `${place.tls ? 'who reaches it' : 'on this machine'} can connect to it; or a UNIX ` +
          'socket: --control unix:PATH',
      );
    }
    const token = place.address === undefined ? undefined : readToken(controlToken as string);
    const tls =
      place.address !== undefined && place.tls ? await ControlTls.read(settings) : undefined;
    try {
      if (place.address !== undefined) {
        return new ControlInterface(bindOrTake(place.address), place.address, token, tls);
      }
      const { uid, gid } = accessOf(user, group);
      const handle = await bindSocket(place.path, { mode: MODE, uid, gid });
      return new ControlInterface(handle, undefined, token);
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`--control: cannot listen at ${control}: ${systemMessage(error)}`);
    }
  }

  /** Answers from now on. @throws {UserError} if it cannot listen. */
  serve(parts: ControlParts): Promise<void> {
    const guard = { token: this.#token, address: this.#address, tls: this.#tls };
    const server = createHttpServer(routesOf(parts), guard);
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', (error) => {
        reject(new UserError(`--control: cannot listen: ${messageOf(error)}`));
      });
      server.once('listening', resolve);
      listenOn(server, this.#handle, BACKLOG);
    });
  }

  /** What deserves a warning about its certificate. */
  get warnings(): readonly string[] {
    return this.#tls?.warnings ?? [];
  }

  /**
   * Reads its certificate again, if it has one: who comes from now on is shown that.
   *
   * @throws {UserError} if it cannot be used; the one before is shown then.
   */
  async renew(settings: ControlCertificate): Promise<void> {
    if (this.#tls === undefined) return;
    this.#tls = await ControlTls.read(settings);
    if (this.#server !== undefined) this.#tls.renew(this.#server);
  }

  /** Leaves whoever comes to the process that has the socket as well; who is here is answered. */
  handOn(): void {
    // What http makes of that would end a connection whose request is on its way.
    if (this.#server !== undefined) NetServer.prototype.close.call(this.#server);
  }

  /** Answers nobody any more. */
  close(): void {
    if (this.#server === undefined) {
      this.#handle.close();
      return;
    }
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Whose the socket is: those of the process, as it will be. */
function accessOf(user: string | undefined, group: string | undefined) {
  const own = user === undefined ? undefined : primaryGroupOf(user);
  return {
    uid: user === undefined ? undefined : userNumberOf(user),
    gid: group === undefined ? own : groupNumberOf(group),
  };
}
