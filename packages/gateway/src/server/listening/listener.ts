/**
 * One listening socket with its HTTP server. While a gateway restarts in place the socket stays open and requests are held, so
 * that the next gateway answers them and no client is refused.
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
import { answerBadRequest, hasSeveralHosts, SEVERAL_HOSTS } from "./bad-requests.ts";
import { bindError, listening, makeServer, placeToListen } from "./binding.ts";
import { answerText } from "./http-handler.ts";
import { RequestQueue } from "./request-queue.ts";
import type { Certificate } from "./tls.ts";

/** How long requests wait for the next gateway, in milliseconds; then they are answered with 503. */
const HOLD_MS = 15_000;
/** How many may wait. */
const MAX_HELD = 1024;

/** Handles the traffic of a listener. */
export interface ListenerHandler {
  /** A socket was opened; it has not spoken yet. With TLS it is called before the handshake. */
  onConnection(socket: Socket): void;
  /** A socket may send requests: with TLS after the handshake, else right after `onConnection`. */
  onReady(socket: Socket): void;
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** The address that a listener is bound to, and its certificate. */
export interface ListenerAddress {
  readonly host: string;
  readonly port: number;
  readonly certificate: Certificate | undefined;
}

/** What a listener needs of its gateway. */
export interface ListenerServices {
  readonly clock: Clock;
  readonly log: Log;
  /** How long a client may read nothing of an answer, in milliseconds. */
  readonly stalledMs?: number;
}

/** A request that came while the listener had no handler: the next handler gets it, or it is refused. */
interface Held {
  handle(to: ListenerHandler): void;
  refuse(): void;
}

export class Listener {
  #address: ListenerAddress;
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #unfinished = new Set<ServerResponse>();
  readonly #requests = new RequestQueue();
  #handler: ListenerHandler | undefined;
  #held: Held[] = [];
  #isHolding = false;
  #limit: Disposable | undefined;

  private constructor(server: Server, address: ListenerAddress, { clock, log }: ListenerServices) {
    this.#address = address;
    this.#server = server;
    this.#clock = clock;
    const isPlain = address.certificate === undefined;
    server.on("error", (error) => log.error("the listener reports an error", { error: detailOf(error) }));
    server.on("connection", (socket: Socket) => this.#handler?.onConnection(socket));
    server.on(isPlain ? "connection" : "secureConnection", (socket: Socket) => this.#handler?.onReady(socket));
    server.on("request", (request, response) =>
      this.#requests.run(request, response, () =>
        hasSeveralHosts(request) ? answerText(response, 400, SEVERAL_HOSTS) : this.#onRequest(request, response),
      ),
    );
    server.on("upgrade", (request, socket, head) => {
      endHalfOpen(socket, clock);
      if (hasSeveralHosts(request)) return refuseUpgrade(socket, "400 Bad Request", SEVERAL_HOSTS);
      this.#onUpgrade(request, socket, head);
    });
    server.on("timeout", (socket: Socket) => this.#requests.onTimeout(socket));
    server.on("clientError", (error, socket) => answerBadRequest(error, socket, this.#clock));
  }

  /** Binds the port. Throws `StartError` when it cannot. */
  static async open(address: ListenerAddress, by: ListenerServices): Promise<Listener> {
    const { host, port, certificate } = address;
    const server = await makeServer(certificate, by.stalledMs);
    try {
      // Binding throws at once where listening tells of its failure later.
      await listening(server, placeToListen(host, port));
    } catch (error) {
      throw bindError(error as Error, host, port);
    }
    return new Listener(server, { ...address, port: (server.address() as AddressInfo).port }, by);
  }

  /** Takes over a socket that the supervisor listens on; undefined when it is none. */
  static async inherit(
    fd: number,
    certificate: Certificate | undefined,
    by: ListenerServices,
  ): Promise<Listener | undefined> {
    const server = await makeServer(certificate, by.stalledMs);
    try {
      await listening(server, { fd });
    } catch (error) {
      by.log.warn("a socket of the supervisor cannot be used", { fd, error: detailOf(error) });
      return undefined;
    }
    const { address: host, port } = server.address() as AddressInfo;
    const listener = new Listener(server, { host, port, certificate }, by);
    listener.pause();
    return listener;
  }

  /** Sets the handler, and gives it the requests that were held, in the order of their arrival. */
  serve(handler: ListenerHandler): void {
    this.#limit?.[Symbol.dispose]();
    this.#handler = handler;
    this.#isHolding = false;
    for (const each of this.#held.splice(0)) each.handle(handler);
  }

  /** The bound address. */
  get address(): ListenerAddress {
    return this.#address;
  }

  /** Shows another certificate from now on; a listener without TLS stays without. */
  useCertificate(certificate: Certificate): void {
    if (this.#address.certificate === undefined || !isSecure(this.#server)) return;
    this.#address = { ...this.#address, certificate };
    const { cert, key } = certificate;
    this.#server.setSecureContext({ cert, key, minVersion: "TLSv1.2" });
  }

  /** Removes the handler; requests are held until the next one is set. */
  pause(): void {
    this.#handler = undefined;
    this.#isHolding = true;
    this.#limit = this.#clock.after(HOLD_MS, () => this.#refuseHeld());
  }

  /** Destroys the sockets of answers that the last handler has not finished. */
  endUnfinished(): void {
    for (const response of this.#unfinished) response.destroy();
    this.#unfinished.clear();
  }

  /** Stops listening; resolves when the last socket is gone. Those that are open stay until `endAll`. */
  close(): Promise<void> {
    this.#refuseHeld();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  endAll(): void {
    this.#server.closeAllConnections();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    if (this.#handler) return this.#handle(this.#handler, request, response);
    this.#hold({
      handle: (handler) => {
        if (!request.destroyed) this.#handle(handler, request, response);
      },
      refuse() {
        response.setHeader("Retry-After", RETRY_AFTER_S);
        answerText(response, 503, RESTARTING);
      },
    });
  }

  #handle(handler: ListenerHandler, request: IncomingMessage, response: ServerResponse): void {
    this.#unfinished.add(response);
    response.once("close", () => this.#unfinished.delete(response));
    handler.onRequest(request, response);
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#handler) return this.#handler.onUpgrade(request, socket, head);
    socket.on("error", (error) => ignore(error, "the client went away while it waited"));
    this.#hold({
      handle(handler) {
        if (!socket.destroyed) handler.onUpgrade(request, socket, head);
      },
      refuse: () => refuseUpgrade(socket, "503 Service Unavailable", RESTARTING),
    });
  }

  #hold(held: Held): void {
    if (this.#isHolding && this.#held.length < MAX_HELD) this.#held.push(held);
    else held.refuse();
  }

  #refuseHeld(): void {
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
