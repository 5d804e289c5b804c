/**
 * Bounds how many clients may wait: sockets that have sent no request, and connections that have not shaken hands. The
 * one that has waited longest makes room for a new one.
 */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ignore } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Descriptors } from "../../base/process/descriptors.ts";
import type { Connection } from "../connection.ts";

/** Connections before the handshake, over all and from one remote network. */
const MAX_STRANGERS = 1024;
const MAX_STRANGERS_PER_NETWORK = 64;

export class WaitingRoom {
  /** Connections that have not shaken hands. */
  readonly strangers = new Set<Connection>();
  readonly #silent = new Set<Socket>();
  /** Sockets whose handshake of TLS is not over, by the end of their clients. */
  readonly #shaking = new Map<string, Socket>();
  /** Sockets whose requests are under way. */
  readonly #asking = new Set<Socket>();
  readonly #descriptors: Descriptors;
  readonly #log: Log;
  #isCrowded = false;

  constructor({ descriptors, log }: { readonly descriptors: Descriptors; readonly log: Log }) {
    this.#descriptors = descriptors;
    this.#log = log;
  }

  /**
   * When few descriptors are left, a new connection replaces the one that has waited longest for its handshake, else one
   * that is not read by its client. When there is none, the new connection is refused. Other requests under way and
   * clients that have shaken hands stay.
   */
  refuseBeyondRoom(socket: Socket, isPlain: boolean): void {
    const hasRoom = this.#descriptors.take();
    if (!hasRoom && !this.#isCrowded) this.#log.warn(CROWDED);
    this.#isCrowded = !hasRoom;
    if (!hasRoom) this.#makeRoom(socket, isPlain);
    if (!isPlain && !socket.destroyed) this.#shakes(socket);
  }

  #makeRoom(socket: Socket, isPlain: boolean): void {
    if (endOldest(this.#shaking.values()) || endOldest(this.#silent.values())) return;
    const stranger = this.strangers.values().next().value;
    if (stranger) return this.#dismiss(stranger);
    if (endOldest(this.#asking.values().filter(({ writableLength }) => writableLength > 0))) return;
    if (isPlain) refuseSocket(socket);
    else socket.destroy();
  }

  /** Counts a socket until its handshake of TLS is over: the one that has taken longest makes room. */
  #shakes(socket: Socket): void {
    if (this.#shaking.size >= MAX_STRANGERS) endOldest(this.#shaking.values());
    const end = endOf(socket);
    this.#shaking.set(end, socket);
    socket.once("close", () => {
      if (this.#shaking.get(end) === socket) this.#shaking.delete(end);
    });
  }

  #dismiss(stranger: Connection): void {
    this.strangers.delete(stranger);
    stranger.terminate();
  }

  /** Counts a socket that has not sent a request yet; the one that has been silent longest makes room. */
  admitSocket(socket: Socket): void {
    this.#shaking.delete(endOf(socket));
    if (this.#silent.size >= MAX_STRANGERS) endOldest(this.#silent.values());
    this.#silent.add(socket);
    socket.once("close", () => this.#silent.delete(socket));
  }

  /** Counts a socket as silent again when its request has been answered. */
  heardSocket(socket: Socket, response: ServerResponse): void {
    this.#silent.delete(socket);
    this.#asking.add(socket);
    response.once("close", () => {
      this.#asking.delete(socket);
      if (!socket.destroyed) this.#silent.add(socket);
    });
  }

  /** Makes room for a new connection by closing the one that has waited longest for its handshake. */
  admitStranger(connection: Connection): void {
    const beside = [...this.strangers].filter(
      ({ network, isLocal: local }) => !local && network === connection.network,
    );
    const oldest =
      beside.length >= MAX_STRANGERS_PER_NETWORK
        ? beside[0]
        : this.strangers.size >= MAX_STRANGERS
          ? this.strangers.values().next().value
          : undefined;
    if (oldest) this.#dismiss(oldest);
    this.strangers.add(connection);
  }

  /** Counts a socket no more as silent: it has asked for something. */
  spoke(socket: Socket): void {
    this.#silent.delete(socket);
  }
}

/** Ends the first that has not ended; false when there is none. */
function endOldest(sockets: Iterable<Socket>): boolean {
  for (const socket of sockets) {
    if (socket.destroyed) continue;
    socket.destroy();
    return true;
  }
  return false;
}

/** The client's end: that of a socket and of the one which TLS makes of it. */
function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** Answers a socket that is not let in, and closes it at once. */
function refuseSocket(socket: Socket): void {
  socket.on("error", (error) => ignore(error, "it is not let in"));
  socket.write(
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nContent-Type: text/plain\r\n" +
      `Content-Length: ${CROWDED.length}\r\n\r\n${CROWDED}`,
  );
  socket.destroySoon();
}

const CROWDED = "too many connections are open; close some, or raise the limit (ulimit -n)";
