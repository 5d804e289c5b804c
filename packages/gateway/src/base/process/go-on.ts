/** Goes on as another program of Node. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";

/**
 * Goes on as another program, under the same process id; where the system cannot do that, waits for it and ends as it ends.
 * No descriptor but the standard ones is passed on: Node closes all others.
 */
export async function goOnAs(words: readonly string[], env: NodeJS.ProcessEnv): Promise<never> {
  const { execPath } = process;
  if (canGoOn()) process.execve?.(execPath, [execPath, ...words], env);
  const child = spawn(execPath, words, { stdio: "inherit", env });
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => child.kill(name));
  const [code] = await once(child, "close");
  process.exit(code ?? 1);
}

/** Whether a process of this system can become another program and keep its id. */
export function canGoOn(): boolean {
  return process.platform !== "win32" && process.execve !== undefined;
}

/**
 * Loads another program into this process, which keeps the sockets that a supervisor has passed to it. Does not return. Each
 * program can be loaded once, and none that this process has begun as.
 */
export async function goOnHere(program: string, env: Readonly<Record<string, string>>): Promise<never> {
  Object.assign(process.env, env);
  process.argv[1] = program;
  const before = process.listeners("SIGUSR1");
  // Without any listener this signal opens Node's debugger, or ends the process.
  process.on("SIGUSR1", () => {});
  for (const each of before) process.off("SIGUSR1", each);
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.removeAllListeners(name);
  await import(pathToFileURL(program).href);
  // The program runs on; whoever has called this has nothing more to do.
  return await new Promise<never>(() => {});
}
