/**
 * Lines that a person types at a terminal, each only when it is asked for. What is typed in between is not shown and goes
 * nowhere by itself: it is in the next prompt, where Enter sends it.
 */

import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";

/** The keyboard; dispose it to give the terminal back. */
export class TypedLines implements Disposable {
  readonly #screen = new Screen();
  readonly #lines: Interface;
  #take: ((line: string | undefined) => void) | undefined;
  #early = "";
  #isClosed = false;

  constructor(onInterrupt: () => void) {
    this.#lines = createInterface({ input: process.stdin, output: this.#screen, terminal: true });
    this.#lines.on("line", (line) => this.#heard(line));
    this.#lines.on("SIGINT", onInterrupt);
    this.#lines.on("close", () => {
      this.#isClosed = true;
      this.#give(undefined);
    });
  }

  /** The next line; undefined when the input has ended. What was typed before is in the prompt already. */
  async next(prompt: string): Promise<string | undefined> {
    const early = this.#takeEarly();
    return this.#ask(prompt, early);
  }

  /** A line that is typed from now on; undefined when `signal` aborts, or the input has ended. */
  async answer(question: string, signal: AbortSignal): Promise<string | undefined> {
    this.#early = this.#takeEarly();
    const stop = () => {
      // A half-typed answer is no message, and none to the next question.
      this.#clear();
      this.#give(undefined);
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      return signal.aborted ? undefined : await this.#ask(question, "");
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Ends the input. */
  close(): void {
    this.#lines.close();
  }

  [Symbol.dispose](): void {
    this.#lines.close();
    this.#screen.detach();
  }

  #ask(prompt: string, text: string): Promise<string | undefined> {
    if (this.#isClosed) return Promise.resolve(undefined);
    this.#screen.isShown = true;
    this.#lines.setPrompt(prompt);
    this.#lines.prompt();
    if (text !== "") this.#lines.write(text);
    return new Promise((resolve) => (this.#take = resolve));
  }

  #heard(line: string): void {
    if (this.#take) this.#give(line);
    else this.#early = joined(this.#early, line);
  }

  #give(line: string | undefined): void {
    const take = this.#take;
    this.#take = undefined;
    this.#screen.isShown = false;
    take?.(line);
  }

  /** What was typed while nobody asked, with and without Enter. */
  #takeEarly(): string {
    const text = joined(this.#early, this.#lines.line);
    this.#early = "";
    this.#clear();
    return text;
  }

  #clear(): void {
    if (this.#isClosed || this.#lines.line === "") return;
    const wasShown = this.#screen.isShown;
    this.#screen.isShown = false;
    this.#lines.write(null, { ctrl: true, name: "e" });
    this.#lines.write(null, { ctrl: true, name: "u" });
    this.#screen.isShown = wasShown;
  }
}

function joined(before: string, after: string): string {
  return before === "" || after === "" ? before + after : `${before} ${after}`;
}

/** Stdout for readline: silent while nobody is asked, and as wide as the terminal. */
class Screen extends Writable {
  isShown = false;
  readonly #onResize = () => this.emit("resize");

  constructor() {
    super();
    process.stdout.on("resize", this.#onResize);
  }

  get columns(): number | undefined {
    return process.stdout.columns;
  }

  detach(): void {
    process.stdout.off("resize", this.#onResize);
  }

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    if (this.isShown) process.stdout.write(chunk);
    done();
  }
}
