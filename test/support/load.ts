// Clients that go on asking while something else happens: what failed after its own retry, and how long nobody was answered.

import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** Between two requests of a client, ms. */
const PAUSE_MS = 10;

/** How often a client asks once more. One that meets two stops within its wait is unlucky, not turned away. */
const RETRIES = 2;

/** Asks `/healthz` until it is ended; each request is asked again when it fails, after the wait that a client keeps. */
export class HttpLoad {
  readonly failures: string[] = [];
  answers = 0;
  /** The longest time in which nobody was answered, ms. */
  gapMs = 0;
  readonly #port: number;
  readonly #ended: Promise<unknown>;
  #isOver = false;
  #lastAt = performance.now();

  constructor(port: number, { clients = 8, retryMs = 3_000 }: { clients?: number; retryMs?: number } = {}) {
    this.#port = port;
    this.#ended = Promise.all(Array.from({ length: clients }, () => this.#run(retryMs)));
  }

  /** Waits until so many more requests have been answered. */
  async goesOn(more: number): Promise<void> {
    const wanted = this.answers + more;
    while (this.answers < wanted) await sleep(PAUSE_MS);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
  }

  async #run(retryMs: number): Promise<void> {
    while (!this.#isOver) {
      await this.#ask(retryMs, RETRIES).then(
        () => this.#answered(),
        (error: Error) => this.failures.push(error.message),
      );
      await sleep(PAUSE_MS);
    }
  }

  async #ask(retryMs: number, retries: number): Promise<void> {
    try {
      await healthz(this.#port);
    } catch (error) {
      if (retries === 0) throw error;
      await sleep(retryMs);
      await this.#ask(retryMs, retries - 1);
    }
  }

  #answered(): void {
    this.answers++;
    this.gapMs = Math.max(this.gapMs, performance.now() - this.#lastAt);
    this.#lastAt = performance.now();
  }
}

function healthz(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get({ host: "127.0.0.1", port, path: "/healthz", agent: false }, (response) => {
      response.resume();
      response.once("end", () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
      );
    });
    request.once("error", reject);
  });
}
