/** Transcribes voice notes with a program of the owner's or a model provider, as the settings say. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { TellableError } from "../../../../base/errors.ts";
import type { Env } from "../../../../base/files.ts";
import { childEnv, quietStreams } from "../../../../base/process/child.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { Models } from "../../../agent/models/models.ts";
import type { MessagesSettings } from "../settings.ts";

export interface TranscriberOptions {
  readonly clock: Clock;
  readonly env: Env;
  readonly models: Models;
  readonly settings: () => MessagesSettings;
}

const MAX_CHARS = 20_000;
const USUAL_SECONDS = 120;

export class Transcriber {
  readonly #options: TranscriberOptions;

  constructor(options: TranscriberOptions) {
    this.#options = options;
  }

  /** The words of a recording; undefined when the settings name no transcriber. Throws the reason of a failure. */
  async words(path: string, mimeType: string, signal: AbortSignal): Promise<string | undefined> {
    const { transcribe } = this.#options.settings();
    if (!transcribe?.command && !transcribe?.model) return undefined;
    const seconds = transcribe.timeoutSeconds ?? USUAL_SECONDS;
    const limit = new AbortController();
    using _timer = this.#options.clock.after(seconds * 1000, () => limit.abort(new TellableError("late")));
    const within = AbortSignal.any([signal, limit.signal]);
    try {
      const words = transcribe.command
        ? await this.#byCommand({ command: transcribe.command, env: transcribe.env }, path, within)
        : await this.#byModel(transcribe.model!, { path, mimeType, language: transcribe.language }, within);
      return words.trim().slice(0, MAX_CHARS).toWellFormed();
    } catch (error) {
      signal.throwIfAborted();
      throw limit.signal.aborted ? new TellableError(`it took more than ${seconds} s`, { cause: error }) : error;
    }
  }

  async #byCommand(
    { command, env }: { command: readonly string[]; env: Readonly<Record<string, string>> | undefined },
    path: string,
    signal: AbortSignal,
  ): Promise<string> {
    const [program = "", ...args] = command.map((part) => part.replaceAll("{file}", path));
    return await outputOf(program, args, { env: childEnv(this.#options.env, env), signal });
  }

  async #byModel(
    ref: string,
    { path, mimeType, language }: { path: string; mimeType: string; language: string | undefined },
    signal: AbortSignal,
  ): Promise<string> {
    const { models } = this.#options;
    const recording = { data: readFileSync(path), fileName: basename(path), mimeType, language };
    return await models.transcribe(models.require(ref), recording, signal);
  }
}

/** Runs a program and returns its output. Rejects when the exit code is not 0. */
async function outputOf(
  program: string,
  args: readonly string[],
  { env, signal }: { env: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<string> {
  const { spawn } = await import("node:child_process");
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "ignore"], signal });
  quietStreams(child);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output = (output + text).slice(0, MAX_CHARS);
  });
  child.on("error", reject);
  child.on("close", (code) =>
    code === 0 ? resolve(output) : reject(new TellableError(`${program} ended with ${code}`)),
  );
  return await promise;
}
