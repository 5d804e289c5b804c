/**
 * The record of a daemon of our own: signal-cli also writes each event to its standard output, which is a file. An
 * event that was on its way when the gateway was killed is still there.
 */
import { closeSync, existsSync, openSync, readFileSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";

/** Above this size the record is taken in and begun anew. */
const MAX_BYTES = 1024 * 1024;

export class EventRecord {
  readonly #path: string;

  constructor(folder: string) {
    this.#path = join(folder, "signal-cli.events");
  }

  /** A descriptor that a child process appends to; the caller closes it. */
  open(): Disposable & { readonly descriptor: number } {
    const descriptor = openSync(this.#path, "a", 0o600);
    return { descriptor, [Symbol.dispose]: () => closeSync(descriptor) };
  }

  /** Hands over every event in it, and empties it. What is known already is dropped by the inbox. Throws what `take` throws. */
  drain(take: (data: string) => void): void {
    if (!existsSync(this.#path)) return;
    const lines = readFileSync(this.#path, "utf8").split("\n");
    for (const line of lines) if (line.startsWith("{")) take(line);
    truncateSync(this.#path);
  }

  /** Drains the file only when it has grown large. */
  drainWhenLarge(take: (data: string) => void): void {
    if (existsSync(this.#path) && statSync(this.#path).size > MAX_BYTES) this.drain(take);
  }
}
