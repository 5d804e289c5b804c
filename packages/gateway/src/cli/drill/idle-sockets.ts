/** Many sockets that send nothing; each one that the gateway closes is opened again. */
import { connect, type Socket } from "node:net";

/** The pause before a closed socket is opened again, ms. */
const AGAIN_MS = 20;

export class IdleSockets implements Disposable {
  /** How many connections were accepted so far. */
  opened = 0;
  readonly #sockets = new Set<Socket>();
  readonly #port: number;
  #isOver = false;

  /** Connects `size` sockets to the gateway at `url`, until disposed. */
  constructor(url: string, size: number) {
    this.#port = Number(new URL(url).port);
    for (let n = 0; n < size; n++) this.#join();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(): void {
    if (this.#isOver) return;
    const socket = connect(this.#port, "127.0.0.1", () => this.opened++);
    this.#sockets.add(socket);
    // Why it was closed is told by "close", too.
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#sockets.delete(socket);
      setTimeout(() => this.#join(), AGAIN_MS).unref();
    });
  }
}
