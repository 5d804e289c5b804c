/**
 * Queues pipelined requests (RFC 9112): a client may send requests before it has read the answers to its earlier ones. Each waits
 * until the one before it is answered, so that a socket holds one answer at a time.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Requests that may wait on one socket. Clients send those again that had no answer when a connection ends. */
const MAX_WAITING = 32;

export class RequestQueue {
  /** Requests that wait, for each socket with a request under way. */
  readonly #waiting = new WeakMap<Socket, (() => void)[]>();

  /** Calls `begin` when the requests before this one are answered. A socket with too many requests is destroyed. */
  run({ socket }: IncomingMessage, response: ServerResponse, begin: () => void): void {
    const waiting = this.#waiting.get(socket);
    if (waiting && waiting.length >= MAX_WAITING) return void socket.destroy();
    // Begin the next request only after all listeners of this `close` event have run.
    response.once("close", () => queueMicrotask(() => this.#next(socket)));
    if (waiting) return void waiting.push(begin);
    this.#waiting.set(socket, []);
    begin();
  }

  /**
   * Ends a socket on which nothing has moved: of a client that asks for nothing, or reads nothing of its answer. An answer
   * that is not there yet may take its time.
   */
  onTimeout(socket: Socket): void {
    if (!this.#waiting.has(socket) || socket.writableLength > 0) socket.destroy();
  }

  #next(socket: Socket): void {
    const begin = socket.destroyed ? undefined : this.#waiting.get(socket)?.shift();
    if (begin) begin();
    else this.#waiting.delete(socket);
  }
}
