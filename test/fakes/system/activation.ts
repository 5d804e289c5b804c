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

/** How often the service is asked to end before it is killed, and how long to wait in between, ms. */
const STOP_LOOKS = 300;
const LOOK_EVERY_MS = 100;

export class FakeSupervisor implements AsyncDisposable {
  readonly port: number;
  readonly child: ChildProcess;
  readonly #folder: string;
  readonly #pid: () => number | undefined;
  readonly #asked = new Set<number>();

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
      // A group of its own, which can be ended as one.
      detached: true,
    });
    if (hasSocket) keeper.close();
    return new FakeSupervisor(port, child, { folder, pid });
  }

  #endService(): void {
    const pid = this.#pid();
    // Asked twice, it ends at once.
    if (pid === undefined || this.#asked.has(pid)) return;
    this.#asked.add(pid);
    try {
      process.kill(pid, "SIGTERM");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    writeFileSync(join(this.#folder, "stop"), "");
    // A process that has just begun is known later than it runs.
    for (let looks = 0; this.child.exitCode === null && this.child.signalCode === null; looks++) {
      if (looks < STOP_LOOKS) this.#endService();
      else process.kill(-this.child.pid!, "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
