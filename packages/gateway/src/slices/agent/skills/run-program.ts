/** Runs a program to its end, for a time and an output that are bounded; ends it and all it has started. */

import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { codeOf, ignore, messageOf } from "../../../base/errors.ts";
import type { Env } from "../../../base/files.ts";
import { childEnv, quietStreams } from "../../../base/process/child.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { onAbort } from "../../../base/time/deadline.ts";

/** How a program ended. */
export interface ProgramEnd {
  /** Null when it was ended or could not be started. */
  readonly code: number | null;
  /** In words: "ended with code 1". */
  readonly why: string;
  /** The last part of what it said. */
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_CHARS = 32_000;

/** Never rejects. The program gets what any program needs of the environment, and no secret of the gateway. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { clock, env, signal, timeoutMs }: { clock: Clock; env: Env; signal: AbortSignal; timeoutMs: number },
): Promise<ProgramEnd> {
  const isGroup = process.platform !== "win32";
  const child = spawn(program, [...args], {
    env: childEnv(env),
    stdio: ["ignore", "pipe", "pipe"],
    detached: isGroup,
    windowsHide: true,
  });
  let stopped: string | undefined;
  const stop = (why: string) => {
    stopped ??= why;
    try {
      if (isGroup && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      else child.kill("SIGKILL");
    } catch (error) {
      if (codeOf(error) !== "ESRCH") throw error;
      ignore(error, "it has ended by itself");
    }
  };
  using _limit = clock.after(timeoutMs, () =>
    stop(`did not end within ${Math.round(timeoutMs / 1_000)} s and was stopped`),
  );
  using _aborted = onAbort(signal, () => stop("was stopped"));
  quietStreams(child);
  const [stdout, stderr] = [tailOf(child.stdout), tailOf(child.stderr)];
  const { code, how } = await endOf(child);
  return { code: stopped === undefined ? code : null, why: stopped ?? how, stdout: stdout(), stderr: stderr() };
}

async function endOf(child: ReturnType<typeof spawn>): Promise<{ code: number | null; how: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number | null; how: string }>();
  child.once("error", (error) =>
    resolve({ code: null, how: `could not be started (${codeOf(error) ?? messageOf(error)})` }),
  );
  child.once("close", (code, name) =>
    resolve({ code, how: name ? `was ended by ${name}` : `ended with code ${code}` }),
  );
  return await promise;
}

/** Reads a stream; gives the end of what came so far. */
function tailOf(stream: Readable): () => string {
  let text = "";
  let isCut = false;
  stream.setEncoding("utf8").on("data", (more: string) => {
    text += more;
    if (text.length <= MAX_CHARS) return;
    isCut = true;
    text = text.slice(-MAX_CHARS);
  });
  return () => (isCut ? `[…]\n${text}` : text).toWellFormed();
}
