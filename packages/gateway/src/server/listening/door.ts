/**
 * A door: one listening socket with its HTTP server. A gateway serves at it. While a gateway restarts in place the door stays
 * open and holds what comes, so that the next gateway answers it and no client is turned away.
 */

import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions as ServerLimits,
  type ServerResponse,
} from "node:http";
import net, { type AddressInfo, isIPv4, type ListenOptions, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Server as SecureServer } from "node:tls";
import { codeOf, detailOf, ignore, messageOf, StartError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Clock } from "../../base/time/clock.ts";
import { refuseUpgrade } from "../../kit/http.ts";
import { LIMITS } from "../limits.ts";
import { namesSeveralHosts, refuseHead, SEVERAL_HOSTS } from "./heads.ts";
import { answer } from "./http.ts";
import { findPortOwner } from "./port-owner.ts";
import type { Certificate } from "./tls.ts";
import { Turns } from "./turns.ts";

/** How long requests wait for the next gateway, in milliseconds; then they are answered with 503. */
const HOLD_MS = 15_000;
/** How many may wait. */
const MAX_HELD = 1024;

/** Who serves at a door. */
export interface Doorman {
  /** A socket was opened; it has not spoken yet. With TLS it is called before the handshake. */
  connected(socket: Socket): void;
  /** A socket may speak: with TLS after the handshake, else right after `connected`. */
  admitted(socket: Socket): void;
  requested(request: IncomingMessage, response: ServerResponse): void;
  upgraded(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** What a door is. */
export interface DoorPlace {
  readonly host: string;
  readonly port: number;
  readonly certificate: Certificate | undefined;
}

/** What a door needs of its gateway. */
interface DoorTools {
  readonly clock: Clock;
  readonly log: Log;
  /** How long a client may read nothing of an answer, in milliseconds. */
  readonly stalledMs?: number;
}

/** What came while nobody served: it is handed to the next doorman, or refused. */
interface Held {
  hand(to: Doorman): void;
  refuse(): void;
}

export class Door {
  #place: DoorPlace;
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #unfinished = new Set<ServerResponse>();
  readonly #turns = new Turns();
  #doorman: Doorman | undefined;
  #held: Held[] = [];
  #isHolding = false;
  #limit: Disposable | undefined;

  private constructor(server: Server, place: DoorPlace, { clock, log }: DoorTools) {
    this.#place = place;
    this.#server = server;
    this.#clock = clock;
    const isPlain = place.certificate === undefined;
    server.on("error", (error) => log.error("the listener reports an error", { error: detailOf(error) }));
    server.on("connection", (socket: Socket) => this.#doorman?.connected(socket));
    server.on(isPlain ? "connection" : "secureConnection", (socket: Socket) => this.#doorman?.admitted(socket));
    server.on("request", (request, response) =>
      this.#turns.take(request, response, () =>
        namesSeveralHosts(request) ? answer(response, 400, SEVERAL_HOSTS) : this.#onRequest(request, response),
      ),
    );
    server.on("upgrade", (request, socket, head) => {
      endHalfOpen(socket, clock);
      if (namesSeveralHosts(request)) return refuseUpgrade(socket, "400 Bad Request", SEVERAL_HOSTS);
      this.#onUpgrade(request, socket, head);
    });
    server.on("timeout", (socket: Socket) => this.#turns.idle(socket));
    server.on("clientError", (error, socket) => refuseHead(error, socket, this.#clock));
  }

  /** Binds the port. Throws `StartError` when it cannot. */
  static async open(place: DoorPlace, by: DoorTools): Promise<Door> {
    const { host, port, certificate } = place;
    const server = await makeServer(certificate, by);
    try {
      // Binding throws at once where listening tells of its failure later.
      await listening(server, placeToListen(host, port));
    } catch (error) {
      throw bindError(error as Error, host, port);
    }
    return new Door(server, { ...place, port: (server.address() as AddressInfo).port }, by);
  }

  /** Takes over a socket that the supervisor listens on; undefined when it is none. */
  static async inherit(fd: number, certificate: Certificate | undefined, by: DoorTools): Promise<Door | undefined> {
    const server = await makeServer(certificate, by);
    try {
      await listening(server, { fd });
    } catch (error) {
      by.log.warn("a socket of the supervisor cannot be used", { fd, error: detailOf(error) });
      return undefined;
    }
    const { address: host, port } = server.address() as AddressInfo;
    const door = new Door(server, { host, port, certificate }, by);
    door.rest();
    return door;
  }

  /** From here on this doorman serves; what was held is handed over in the order in which it came. */
  serve(doorman: Doorman): void {
    this.#limit?.[Symbol.dispose]();
    this.#doorman = doorman;
    this.#isHolding = false;
    for (const each of this.#held.splice(0)) each.hand(doorman);
  }

  /** What the door is. */
  get place(): DoorPlace {
    return this.#place;
  }

  /** Shows another certificate from now on; a door without TLS stays without. */
  useCertificate(certificate: Certificate): void {
    if (this.#place.certificate === undefined || !isSecure(this.#server)) return;
    this.#place = { ...this.#place, certificate };
    const { cert, key } = certificate;
    this.#server.setSecureContext({ cert, key, minVersion: "TLSv1.2" });
  }

  /** The doorman goes, another will come: what arrives meanwhile is held. */
  rest(): void {
    this.#doorman = undefined;
    this.#isHolding = true;
    this.#limit = this.#clock.after(HOLD_MS, () => this.#turnAway());
  }

  /** Ends the sockets of answers that nobody finishes any more. */
  endUnfinished(): void {
    for (const response of this.#unfinished) response.destroy();
    this.#unfinished.clear();
  }

  /** Stops listening; resolves when the last socket is gone. Those that are open stay until `endAll`. */
  close(): Promise<void> {
    this.#turnAway();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  endAll(): void {
    this.#server.closeAllConnections();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    if (this.#doorman) return this.#hand(this.#doorman, request, response);
    this.#hold({
      hand: (doorman) => {
        if (!request.destroyed) this.#hand(doorman, request, response);
      },
      refuse() {
        response.setHeader("Retry-After", RETRY_AFTER_S);
        answer(response, 503, RESTARTING);
      },
    });
  }

  #hand(doorman: Doorman, request: IncomingMessage, response: ServerResponse): void {
    this.#unfinished.add(response);
    response.once("close", () => this.#unfinished.delete(response));
    doorman.requested(request, response);
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#doorman) return this.#doorman.upgraded(request, socket, head);
    socket.on("error", (error) => ignore(error, "the client went away while it waited"));
    this.#hold({
      hand(doorman) {
        if (!socket.destroyed) doorman.upgraded(request, socket, head);
      },
      refuse: () => refuseUpgrade(socket, "503 Service Unavailable", RESTARTING),
    });
  }

  #hold(held: Held): void {
    if (this.#isHolding && this.#held.length < MAX_HELD) this.#held.push(held);
    else held.refuse();
  }

  #turnAway(): void {
    this.#limit?.[Symbol.dispose]();
    this.#isHolding = false;
    for (const each of this.#held.splice(0)) each.refuse();
  }
}

/** The doors of a process, between the gateway that leaves them and the one that comes. */
export class Doors implements Disposable {
  readonly #left: Door[] = [];
  #inherited: readonly number[];

  /** `inherited` are sockets that a supervisor listens on and passes to each process, so that no restart turns anybody away. */
  constructor(inherited: readonly number[] = []) {
    this.#inherited = inherited;
  }

  /** The door at a place: one that was left, one of the supervisor, or a new one. Throws `StartError` when there is none to have. */
  async open(place: DoorPlace, by: DoorTools): Promise<Door> {
    const fds = this.#inherited;
    this.#inherited = [];
    for (const fd of fds) {
      const door = await Door.inherit(fd, place.certificate, by);
      if (door) this.#left.push(door);
    }
    return this.#take(place) ?? (await Door.open(place, by));
  }

  /** Takes over a door, or closes those that stand in the way of a new one on the port. */
  #take({ host, port, certificate }: DoorPlace): Door | undefined {
    const at = this.#left.findIndex(
      ({ place }) =>
        place.host === host && place.port === port && place.certificate?.fingerprint === certificate?.fingerprint,
    );
    if (at >= 0) return this.#left.splice(at, 1)[0];
    for (const door of this.#left.filter(({ place }) => place.port === port)) this.#close(door);
    return undefined;
  }

  /** Keeps a door for the next gateway. */
  leave(door: Door): void {
    door.rest();
    this.#left.push(door);
  }

  /** Closes the doors that nobody has taken. */
  [Symbol.dispose](): void {
    for (const door of [...this.#left]) this.#close(door);
  }

  #close(door: Door): void {
    this.#left.splice(this.#left.indexOf(door), 1);
    void door.close();
    door.endAll();
  }
}

function listening(server: Server, where: ListenOptions | { readonly fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function makeServer(
  certificate: Certificate | undefined,
  { stalledMs = LIMITS.stalledMs }: Pick<DoorTools, "stalledMs">,
): Promise<Server> {
  const limits = {
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: 2_000,
    maxHeaderSize: 16_384,
  };
  const server = certificate === undefined ? createServer(limits) : await makeSecure(certificate, limits);
  server.timeout = stalledMs;
  return server;
}

async function makeSecure({ cert, key }: Certificate, limits: ServerLimits): Promise<Server> {
  const { createServer: createSecureServer } = await import("node:https");
  return createSecureServer({ ...limits, cert, key, minVersion: "TLSv1.2", handshakeTimeout: 10_000 }) as Server;
}

const RESTARTING = "The gateway restarts; try again in a moment.";
const RETRY_AFTER_S = "5";

/**
 * Ends the socket of an upgrade when its client does not close it after we have: nobody else would, and each would hold a
 * descriptor for ever.
 */
function endHalfOpen(socket: Duplex, clock: Clock): void {
  socket.once("finish", () => {
    const limit = clock.after(LIMITS.closeMs, () => socket.destroy());
    socket.once("close", () => limit[Symbol.dispose]());
  });
}

/**
 * An IPv4 address is bound before the server has it, in a Node that can do so. Given as a text, Node looks it up and compares
 * it with its pattern of IPv6 addresses; compiling that pattern takes 10 to 15 ms of a start. Throws what binding throws.
 */
function placeToListen(host: string, port: number): ListenOptions {
  const BoundSocket: typeof net.BoundSocket | undefined = net.BoundSocket;
  if (BoundSocket === undefined || !isIPv4(host)) return { host, port };
  return { handle: new BoundSocket({ host, port }) };
}

function bindError(error: Error, host: string, port: number): StartError {
  const code = codeOf(error);
  const options = { cause: error };
  if (code === "EADDRINUSE") {
    const owner = findPortOwner(port);
    const who = owner ? ` by ${owner.command} (pid ${owner.pid})` : "";
    const stop = owner ? `end that program (\`kill ${owner.pid}\`)` : "end that program";
    return new StartError(`Port ${port} is taken${who}; choose another with --port, or ${stop}.`, options);
  }
  if (code === "EACCES")
    return new StartError(`Port ${port} needs more rights; choose one above 1023 with --port.`, options);
  if (code === "EADDRNOTAVAIL")
    return new StartError(`${host} is not an address of this machine; correct gateway.bind.`, options);
  return new StartError(`The gateway cannot listen on ${host} port ${port}: ${messageOf(error)}.`, options);
}

function isSecure(server: Server): server is Server & Pick<SecureServer, "setSecureContext"> {
  return "setSecureContext" in server;
}
