/**
 * Limits the sockets that have sent no request and the WebSocket connections that have not finished the handshake. At a limit,
 * the oldest one is closed for each new one.
 */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ignore } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Descriptors } from "../../base/process/descriptors.ts";
import type { Connection } from "../connection.ts";

/** Connections before the handshake, over all and from one remote network. */
const MAX_PENDING = 1024;
const MAX_PENDING_PER_NETWORK = 64;

export class PendingConnections {
  /** WebSocket connections that have not finished the handshake. */
  readonly connections = new Set<Connection>();
  readonly #idle = new Set<Socket>();
  /** Sockets in their TLS handshake, by the client's address and port. */
  readonly #tlsHandshakes = new Map<string, Socket>();
  /** Sockets with a request under way. */
  readonly #busy = new Set<Socket>();
  readonly #descriptors: Descriptors;
  readonly #log: Log;
  #isFull = false;

  constructor({ descriptors, log }: { readonly descriptors: Descriptors; readonly log: Log }) {
    this.#descriptors = descriptors;
    this.#log = log;
  }

  /**
   * When few descriptors are left, a new connection replaces the one that has waited longest for its handshake, else one
   * that is not read by its client. When there is none, the new connection is refused. Other requests under way and
   * clients that have shaken hands stay.
   */
  limitDescriptors(socket: Socket, isPlain: boolean): void {
    const hasDescriptor = this.#descriptors.take();
    if (!hasDescriptor && !this.#isFull) this.#log.warn(TOO_MANY);
    this.#isFull = !hasDescriptor;
    if (!hasDescriptor) this.#evictOrRefuse(socket, isPlain);
    if (!isPlain && !socket.destroyed) this.#trackTlsHandshake(socket);
  }

  #evictOrRefuse(socket: Socket, isPlain: boolean): void {
    if (destroyOldest(this.#tlsHandshakes.values()) || destroyOldest(this.#idle.values())) return;
    const oldest = this.connections.values().next().value;
    if (oldest) return this.#evict(oldest);
    if (destroyOldest(this.#busy.values().filter(({ writableLength }) => writableLength > 0))) return;
    if (isPlain) refuseSocket(socket);
    else socket.destroy();
  }

  /** Counts a socket until its TLS handshake is over; at the limit the oldest one is closed. */
  #trackTlsHandshake(socket: Socket): void {
    if (this.#tlsHandshakes.size >= MAX_PENDING) destroyOldest(this.#tlsHandshakes.values());
    const end = remoteEndOf(socket);
    this.#tlsHandshakes.set(end, socket);
    socket.once("close", () => {
      if (this.#tlsHandshakes.get(end) === socket) this.#tlsHandshakes.delete(end);
    });
  }

  #evict(oldest: Connection): void {
    this.connections.delete(oldest);
    oldest.terminate();
  }

  /** Counts a socket that has not sent a request yet; at the limit the oldest one is closed. */
  addIdleSocket(socket: Socket): void {
    this.#tlsHandshakes.delete(remoteEndOf(socket));
    if (this.#idle.size >= MAX_PENDING) destroyOldest(this.#idle.values());
    this.#idle.add(socket);
    socket.once("close", () => this.#idle.delete(socket));
  }

  /** Counts a socket as busy until its request has been answered, then as idle again. */
  onRequest(socket: Socket, response: ServerResponse): void {
    this.#idle.delete(socket);
    this.#busy.add(socket);
    response.once("close", () => {
      this.#busy.delete(socket);
      if (!socket.destroyed) this.#idle.add(socket);
    });
  }

  /** Counts a new connection; at the limit the one that has waited longest for its handshake is closed. */
  addConnection(connection: Connection): void {
    const beside = [...this.connections].filter(
      ({ network, isLocal: local }) => !local && network === connection.network,
    );
    const oldest =
      beside.length >= MAX_PENDING_PER_NETWORK
        ? beside[0]
        : this.connections.size >= MAX_PENDING
          ? this.connections.values().next().value
          : undefined;
    if (oldest) this.#evict(oldest);
    this.connections.add(connection);
  }

  /** Counts a socket no more as idle: it has asked for an upgrade. */
  removeIdleSocket(socket: Socket): void {
    this.#idle.delete(socket);
  }
}

/** Destroys the first open socket; false when there is none. */
function destroyOldest(sockets: Iterable<Socket>): boolean {
  for (const socket of sockets) {
    if (socket.destroyed) continue;
    socket.destroy();
    return true;
  }
  return false;
}

/** The client's address and port: the same for a plain socket and for the TLS socket above it. */
function remoteEndOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** Answers 503 on a socket that is refused, and closes it. */
function refuseSocket(socket: Socket): void {
  socket.on("error", (error) => ignore(error, "the socket is refused anyway"));
  socket.write(
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nContent-Type: text/plain\r\n" +
      `Content-Length: ${TOO_MANY.length}\r\n\r\n${TOO_MANY}`,
  );
  socket.destroySoon();
}

const TOO_MANY = "too many connections are open; close some, or raise the limit (ulimit -n)";
