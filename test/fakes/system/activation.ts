// What systemd does for a service with a socket unit: it listens, passes the socket to each process of the service by its own
// id, and starts the service again when that has ended. The socket outlives every process.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Each process of the service has the id of the shell before it, as LISTEN_PID must say (sd_listen_fds(3)). */
const SUPERVISE = `while [ ! -e "$STOP" ]; do sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' sh "$@"; done`;

/** Without a socket it only starts the service again. */
const RESTART = `while [ ! -e "$STOP" ]; do "$@"; done`;

export class FakeSupervisor implements AsyncDisposable {
  readonly port: number;
  readonly child: ChildProcess;
  readonly #folder: string;
  readonly #pid: () => number | undefined;

  private constructor(
    port: number,
    child: ChildProcess,
    { folder, pid }: { folder: string; pid: () => number | undefined },
  ) {
    this.port = port;
    this.child = child;
    this.#folder = folder;
    this.#pid = pid;
  }

  /** Runs the command, which is given `--port`; `pid` says which process of the service is to be ended at the end. */
  static async start(
    command: readonly string[],
    { env, pid, hasSocket = true }: { env: NodeJS.ProcessEnv; pid: () => number | undefined; hasSocket?: boolean },
  ): Promise<FakeSupervisor> {
    const keeper = createServer().listen(0, "127.0.0.1");
    await once(keeper, "listening");
    const { port } = keeper.address() as AddressInfo;
    const { fd } = (keeper as unknown as { _handle: { fd: number } })._handle;
    const folder = mkdtempSync(join(tmpdir(), "moltbot-supervisor-"));
    if (!hasSocket) await new Promise((resolve) => keeper.close(resolve));
    const child = spawn("sh", ["-c", hasSocket ? SUPERVISE : RESTART, "sh", ...command, "--port", String(port)], {
      env: { ...env, STOP: join(folder, "stop") },
      stdio: ["ignore", "pipe", "pipe", ...(hasSocket ? [fd] : [])],
    });
    if (hasSocket) keeper.close();
    return new FakeSupervisor(port, child, { folder, pid });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    writeFileSync(join(this.#folder, "stop"), "");
    const ended = once(this.child, "exit");
    const pid = this.#pid();
    if (pid !== undefined) process.kill(pid, "SIGTERM");
    if (this.child.exitCode === null) await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
