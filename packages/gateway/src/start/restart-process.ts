/** Starts the program of this process anew, under the same process id. */
import { existsSync } from "node:fs";
import { canExec, execProgram } from "../base/process/exec-program.ts";
import type { StartOptions } from "./options.ts";

/** What the new process is told, and what is left of this one. */
interface RestartOptions {
  /** The port that this one listens on: one that the system chose stays. */
  readonly port: number;
  /** Whether an update waits, which only a new process can try. */
  readonly isUpdate: boolean;
  /** What still listens. Where the process cannot be replaced, a child of it binds the port anew. */
  readonly listeners: Disposable;
}

/**
 * Replaces this process by a new one of its program, which has been replaced on disk perhaps. Returns when that cannot be done:
 * then the restart is one in place. A process that was given sockets ends for an update: only its supervisor can pass them on,
 * and starts it again; who comes meanwhile waits there.
 */
export async function restartProcess(
  options: StartOptions,
  { port, isUpdate, listeners }: RestartOptions,
): Promise<void> {
  const { env, ownsProcess, sockets = [] } = options;
  const { execPath, execArgv, argv } = process;
  // An update is tried by the version that runs; a restart begins with the program that was installed, which may be newer.
  const entry = (!isUpdate && env.MOLTBOT_STARTED_AS) || argv[1];
  if (!ownsProcess || entry === undefined || !existsSync(entry) || !existsSync(execPath)) return;
  if (!isUpdate && (!canExec() || sockets.length > 0)) return;
  if (sockets.length > 0) process.exit(0);
  if (!canExec()) listeners[Symbol.dispose]();
  const version = isUpdate ? (env.MOLTBOT_VERSION_IN_USE ?? "") : "";
  await execProgram([...execArgv, entry, ...withPort(argv.slice(2), port)], {
    ...env,
    MOLTBOT_VERSION_IN_USE: version,
  });
}

function withPort(words: readonly string[], port: number): string[] {
  return words.map((word, at) => {
    if (word === "--port=0") return `--port=${port}`;
    return word === "0" && words[at - 1] === "--port" ? String(port) : word;
  });
}
