/** An HTTP server on 127.0.0.1 that can go down and come up again on the same port. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export class Loopback implements AsyncDisposable {
  readonly server: Server;
  #port = 0;

  constructor(listener: RequestListener) {
    this.server = createServer(listener);
    // A client's pooled socket must outlive the pauses of a test.
    this.server.keepAliveTimeout = 60_000;
  }

  /** The address without a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens: on a free port the first time, on the same one after that. */
  async up(): Promise<void> {
    if (this.server.listening) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.server.once("error", reject);
    this.server.listen(this.#port, "127.0.0.1", resolve);
    await promise.finally(() => this.server.off("error", reject));
    this.#port = (this.server.address() as AddressInfo).port;
  }

  /** Cuts everything and refuses connections. */
  async down(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }
}
