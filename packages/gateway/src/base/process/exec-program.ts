/** Replaces this process by another program of Node, as execve(2) does. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";

/**
 * Until the program listens for SIGUSR1, Node opens its debugger at this signal, to every program of this machine. At an address
 * that no machine has (RFC 5737) it cannot.
 */
const NO_DEBUGGER = "--inspect-port=192.0.2.1:9229";

/**
 * Replaces this process by another program and keeps the process id; where the system cannot do that, runs it as a child and exits with its code.
 * No descriptor but the standard ones is passed on: Node closes all others.
 */
export async function execProgram(words: readonly string[], env: NodeJS.ProcessEnv): Promise<never> {
  const { execPath, execArgv } = process;
  const isSaid = execArgv.some((each) => each !== NO_DEBUGGER && each.startsWith("--inspect"));
  const all = [...(isSaid ? [] : [NO_DEBUGGER]), ...words.filter((each) => each !== NO_DEBUGGER)];
  if (canExec()) process.execve?.(execPath, [execPath, ...all], env);
  const child = spawn(execPath, all, { stdio: "inherit", env });
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => child.kill(name));
  const [code] = await once(child, "close");
  process.exit(code ?? 1);
}

/** Whether a process of this system can become another program and keep its id. */
export function canExec(): boolean {
  return process.platform !== "win32" && process.execve !== undefined;
}

/**
 * Loads another program into this process, which keeps the sockets that a supervisor has passed to it. Does not return. Each
 * program can be loaded once, and none that this process has begun as.
 */
export async function loadProgram(program: string, env: Readonly<Record<string, string>>): Promise<never> {
  Object.assign(process.env, env);
  process.argv[1] = program;
  const before = process.listeners("SIGUSR1");
  // Without any listener this signal opens Node's debugger, or ends the process.
  process.on("SIGUSR1", () => {});
  for (const each of before) process.off("SIGUSR1", each);
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.removeAllListeners(name);
  await import(pathToFileURL(program).href);
  // The program runs on, and the caller has nothing more to do.
  return await new Promise<never>(() => {});
}
