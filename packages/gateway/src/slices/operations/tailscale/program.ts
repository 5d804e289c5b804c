/** The program `tailscale`: where it is, what it is given of the environment, and what it answers. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { isRecord } from "../../../base/config/config.ts";
import { codeOf, TellableError } from "../../../base/errors.ts";
import type { Env } from "../../../base/files.ts";
import type { Clock } from "../../../base/time/clock.ts";

/** What running the program needs. */
export interface ProgramContext {
  readonly env: Env;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The socket of tailscaled, where it is not the usual one. */
  readonly socket?: string | undefined;
}

/** The app's own program, where macOS has no other. */
const MAC_PROGRAM = "/Applications/Tailscale.app/Contents/MacOS/Tailscale";
/** How long the program may take for an answer, ms. */
const ASK_MS = 10_000;
/** The longest answer, bytes. */
const MAX_BYTES = 8 * 1024 * 1024;

/** The words that run the program. */
export function commandOf(words: readonly string[], { env, socket }: Pick<ProgramContext, "env" | "socket">): string[] {
  return [programOf(env), ...(socket === undefined ? [] : [`--socket=${socket}`]), ...words];
}

/** The JSON in what the program prints; other text may be around it. Throws `TellableError` that says what to do. */
export async function askJson(
  words: readonly string[],
  running: ProgramContext,
  limitMs = ASK_MS,
): Promise<Record<string, unknown>> {
  const printed = await new Promise<string>((resolve, reject) => {
    const [program = "", ...args] = commandOf(words, running);
    const limits = { signal: running.signal, timeout: limitMs, maxBuffer: MAX_BYTES };
    execFile(program, args, { env: ownEnv(running.env), ...limits }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const isMissing = codeOf(error) === "ENOENT";
      const why = isMissing
        ? "there is no program tailscale on PATH; install Tailscale"
        : `tailscale ${words[0]} does not answer: ${oneLine(stderr)}`;
      reject(new TellableError(why, { cause: error }));
    });
  });
  const json = printed.slice(printed.indexOf("{"), printed.lastIndexOf("}") + 1);
  try {
    const value: unknown = JSON.parse(json === "" ? "{}" : json);
    if (isRecord(value)) return value;
  } catch (error) {
    throw new TellableError(`tailscale ${words[0]} printed no JSON; update Tailscale`, { cause: error });
  }
  throw new TellableError(`tailscale ${words[0]} printed no JSON; update Tailscale`);
}

function programOf({ PATH = "" }: Env): string {
  const isOnPath = PATH.split(":").some((folder) => folder !== "" && existsSync(`${folder}/tailscale`));
  return !isOnPath && existsSync(MAC_PROGRAM) ? MAC_PROGRAM : "tailscale";
}

/** What the program needs of the environment; the gateway's secrets are not among it. */
export function ownEnv({ PATH, HOME, USER, SystemRoot, ProgramFiles }: Env): NodeJS.ProcessEnv {
  return { PATH, HOME, USER, SystemRoot, ProgramFiles };
}

/** A text on one line; never empty. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim() || "it said nothing";
}
