/**
 * A door: one listening socket with its HTTP server. A gateway serves at it. While a gateway restarts in place the door stays
 * open and holds what comes, so that the next gateway answers it and no client is turned away.
 */

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Server as SecureServer } from "node:tls";
import { detailOf, ignore } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Clock } from "../../base/time/clock.ts";
import { refuseUpgrade } from "../../kit/http.ts";
import { LIMITS } from "../limits.ts";
import { bindError, listening, makeServer, placeToListen } from "./binding.ts";
import { namesSeveralHosts, refuseHead, SEVERAL_HOSTS } from "./heads.ts";
import { answer } from "./http.ts";
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
export interface DoorTools {
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
    const server = await makeServer(certificate, by.stalledMs);
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
    const server = await makeServer(certificate, by.stalledMs);
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

const RESTARTING = "The gateway restarts; try again in a moment.";
const RETRY_AFTER_S = "5";

function isSecure(server: Server): server is Server & Pick<SecureServer, "setSecureContext"> {
  return "setSecureContext" in server;
}

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
