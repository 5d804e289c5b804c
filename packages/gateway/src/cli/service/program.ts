/** Runs a program of the system, without a shell and bounded in time. */

import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { codeOf } from "../../base/errors.ts";
import { CliError, EXIT } from "../language/exit.ts";
import { printable } from "../terminal/render.ts";

/** How a program ended. */
export interface ProgramEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starting a service waits until it answers, so this is longer than that wait, in milliseconds. */
const LIMIT_MS = 120_000;

/** Runs a program to its end. Throws `CliError` when it is not there, or not over in two minutes. */
export async function runProgram(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<ProgramEnd> {
  const child = spawn(name, [...args], { env, stdio: ["ignore", "pipe", "pipe"], windowsHide: true });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? -1));
  });
  let isLate = false;
  const late = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, LIMIT_MS);
  try {
    const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    if (isLate) throw new CliError(`\`${name} ${args.join(" ")}\` did not end within two minutes.`, EXIT.timeout);
    return { code, stdout, stderr };
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    throw new CliError(`There is no program ${name} on this machine's PATH.`, EXIT.failed, { cause: error });
  } finally {
    clearTimeout(late);
  }
}

/** The last line that a program has said, for people. */
export function lastWords({ stdout, stderr }: ProgramEnd): string {
  const said = stderr.trim() || stdout.trim();
  return printable(said.split("\n").at(-1) ?? "").slice(0, 300);
}
