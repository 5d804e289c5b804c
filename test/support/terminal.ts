// Runs a command on a terminal of its own: `script` of util-linux makes one, as wide as a test wants it.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { LIMIT_MS } from "./time-limit.ts";

/** What runs there, and how wide the terminal is. */
export interface TerminalOptions {
  readonly columns: number;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** A command on a terminal. Disposing ends it. */
export class Terminal implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | null>;
  #text = "";
  #heard = Promise.withResolvers<void>();

  constructor(command: readonly string[], { columns, env, cwd }: TerminalOptions) {
    const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
    this.#child = spawn("script", ["-qefc", `stty cols ${columns} rows 40; exec ${quoted}`, "/dev/null"], {
      cwd,
      env: { ...env, SHELL: "/bin/sh", TERM: "xterm" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child.stdin!.on("error", () => {});
    this.#child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
      this.#text += chunk;
      this.#wake();
    });
    this.#closed = once(this.#child, "close").then(([code]) => {
      this.#wake();
      return code as number | null;
    });
  }

  /** Everything that was written so far, with plain line ends. */
  get text(): string {
    return this.#text.replaceAll("\r\n", "\n");
  }

  /** The lines written so far, without codes that colour or move. */
  get lines(): string[] {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the codes
    return this.text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").split("\n");
  }

  /** Types on the keyboard; "\r" is Enter, "\x03" Ctrl-C, "\x04" Ctrl-D. */
  type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  /** Waits until something is written that matches; fails with what is shown when the command ends without it, or takes too long. */
  async until(pattern: RegExp, limitMs = LIMIT_MS): Promise<void> {
    const limit = AbortSignal.timeout(limitMs);
    limit.addEventListener("abort", () => this.#wake());
    while (!pattern.test(this.text)) {
      assert.ok(this.#child.exitCode === null, `the command ended without ${pattern}: ${this.text}`);
      assert.ok(!limit.aborted, `waited ${limitMs} ms in vain for ${pattern}; the terminal shows: ${this.text}`);
      await this.#heard.promise;
    }
  }

  /** Waits for the end; the exit code. */
  ended(): Promise<number | null> {
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed;
  }

  #wake(): void {
    this.#heard.resolve();
    this.#heard = Promise.withResolvers<void>();
  }
}
