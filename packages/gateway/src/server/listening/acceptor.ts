/** Accepts WebSockets: sends the challenge, does the handshake with the first frame, and dispatches the frames that follow. */

import type { IncomingMessage } from "node:http";
import type { RawData, WebSocket } from "ws";
import { GatewayError, ignore, invalidRequest } from "../../base/errors.ts";
import { normalizeAddress } from "../../base/net/address.ts";
import type { ProxiedUser } from "../../kit/host.ts";
import { decideConnect, HandshakeError } from "../admission/handshake.ts";
import { clientAddress, isLocal, type Peer } from "../admission/locality.ts";
import { judgeOrigin, type OwnOrigins } from "../admission/origin.ts";
import { Connection, type Session } from "../connection.ts";
import { dialectFor, STRICTEST } from "../dialect.ts";
import { failureFrame, type Request, successFrame, unexpected } from "../dispatch.ts";
import { LIMITS } from "../limits.ts";
import { frameProblem, idOf, isPlainRequest, parsed } from "./frame-shape.ts";
import type { PendingConnections } from "./pending-connections.ts";
import type { ServerOptions } from "./server-options.ts";

/** A connection that came to the listener of a proxy, and whom it names when that is verified. */
export interface Proxied {
  readonly user: ProxiedUser | undefined;
}

/** The names and addresses under which the gateway can be reached. */
interface Place {
  ownOrigins(): OwnOrigins;
  ownAddresses(): readonly string[];
}

interface AcceptorParts {
  readonly options: ServerOptions;
  readonly pending: PendingConnections;
  /** Connections that have shaken hands. */
  readonly connections: Map<string, Connection>;
  readonly place: Place;
}

export class Acceptor {
  readonly #options: ServerOptions;
  readonly #pending: PendingConnections;
  readonly #connections: Map<string, Connection>;
  readonly #place: Place;

  constructor({ options, pending, connections, place }: AcceptorParts) {
    this.#options = options;
    this.#pending = pending;
    this.#connections = connections;
    this.#place = place;
  }

  /** Takes over a socket that has been upgraded. */
  accept(socket: WebSocket, request: IncomingMessage, proxied: Proxied | undefined): void {
    const { clock, settings } = this.#options;
    const peer: Peer = { address: normalizeAddress(request.socket.remoteAddress ?? ""), headers: request.headers };
    const connection = new Connection(socket, clock, {
      stream: request.socket,
      peer,
      origin: judgeOrigin(request.headers, this.#place.ownOrigins()),
      address: proxied?.user?.address ?? clientAddress(peer, settings().trustedProxies),
      isLocal: proxied === undefined && isLocal(peer, this.#place.ownAddresses()),
      user: proxied?.user,
      guard: this.#options.guard,
      conceal: this.#options.conceal,
    });
    this.#pending.addConnection(connection);
    const timeLimit = clock.after(LIMITS.handshakeMs, () => connection.close(1000, ""));
    socket.on("error", (error) => ignore(error, "ws closes the socket with the right code; there is nothing to add"));
    socket.on("message", (data, isBinary) => {
      // Ignore frames that arrive while the connection closes.
      if (!connection.isOpen) return;
      if (connection.session) return connection.receive(data);
      // Handle only one frame before hello-ok: a client that sends more has been answered and closed.
      if (!this.#pending.connections.delete(connection)) return;
      timeLimit[Symbol.dispose]();
      this.#onFirstFrame(connection, data, isBinary);
    });
    socket.once("close", () => {
      timeLimit[Symbol.dispose]();
      this.#pending.connections.delete(connection);
      if (this.#connections.delete(connection.id)) this.#options.disconnected(connection);
    });
    connection.send(
      JSON.stringify({
        type: "event",
        event: "connect.challenge",
        payload: { nonce: connection.nonce, ts: clock.now() },
      }),
    );
  }

  #onFirstFrame(connection: Connection, data: RawData, isBinary: boolean): void {
    const frame = parsed(data);
    if (frame === undefined) return connection.close(1000, "");
    // Text only, until the client is known (security: transport and handshake). Later, binary JSON is accepted.
    const { requestFrame } = dialectFor((frame as Partial<Request> | null)?.params) ?? STRICTEST;
    if (isBinary || frameProblem(frame, requestFrame)) return connection.close(1008, "invalid request frame");
    const request = frame as Request;
    try {
      if (request.method !== "connect") throw invalidRequest("invalid handshake: first request must be connect");
      const granted = decideConnect(request.params, connection, this.#options);
      this.#connections.set(connection.id, connection);
      connection.open(granted.session, (frame) => this.#onFrame(connection, granted.session, frame));
      connection.send(successFrame(request.id, this.#options.helloOk(connection, granted)));
    } catch (error) {
      this.#refuse(connection, request, error);
    }
  }

  #refuse(connection: Connection, { id }: Request, error: unknown): void {
    const { log } = this.#options;
    const known =
      error instanceof GatewayError
        ? error
        : unexpected(this.#options.explain(error, "the handshake threw an unexpected error"));
    this.#connections.delete(connection.id);
    log.debug("connection refused", { connId: connection.id, address: connection.address, why: known.message });
    connection.send(failureFrame(id, known));
    const requestId = known.details?.requestId;
    // Protocol 4 clients look for the request id behind a colon in the text.
    const isSpeltOut = requestId !== undefined && known.message.includes(":");
    const reason = isSpeltOut ? `${known.message} (requestId: ${requestId})` : known.message;
    connection.close(known instanceof HandshakeError ? known.closeCode : 1008, reason);
  }

  #onFrame(connection: Connection, session: Session, data: RawData): void {
    const frame = parsed(data);
    if (frame === undefined)
      return this.#options.log.debug("a frame that is not JSON was ignored", { connId: connection.id });
    const problem = isPlainRequest(frame) ? undefined : frameProblem(frame, session.dialect.requestFrame);
    if (!problem) return this.#options.dispatch.handle(connection, session, frame as Request);
    connection.send(failureFrame(idOf(frame), invalidRequest(`invalid request frame: ${problem}`)));
  }
}
