/**
 * An ssh tunnel to a gateway: the system's own ssh with the user's own config and known hosts. It lives as long as the command.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { CliError, EXIT } from "../language/exit.ts";
import { canAsk } from "../terminal/prompt.ts";
import { printable } from "../terminal/render.ts";
import { type SshRoute, showRoute } from "./ssh-target.ts";

/** ssh tells nobody when its port is open, so it is tried this often, in milliseconds. */
const LOOK_EVERY_MS = 50;
/** How long ssh may take to end by itself, in milliseconds. */
const END_WITHIN_MS = 1_500;
/** Somebody who must type a password or answer a question gets this long, in milliseconds. */
const PERSON_MS = 120_000;
/** Connections through the tunnel end this long before ssh itself, at most, ms. */
const SETTLED_WITHIN_MS = 500;
/** Of what a failed ssh has said, as much as is kept. */
const KEPT_CHARS = 16_384;

/** What decides how ssh is run. */
interface Running {
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
}

/** An open tunnel. */
export interface Tunnel extends AsyncDisposable {
  /** The gateway's address at this end. */
  readonly url: string;
  /** Why it has ended; undefined when it stands. */
  problem(): Promise<CliError | undefined>;
}

/**
 * Opens a tunnel to the gateway that the far machine has at `url`. Resolves when the port at this end accepts. Throws
 * `CliError` with ssh's own last words and what to do.
 */
export async function openTunnel(route: SshRoute, url: string, running: Running): Promise<Tunnel> {
  const local = await freePort();
  const far = new URL(url);
  const farPort = far.port || (far.protocol === "wss:" ? "443" : "80");
  const forward = `${local}:${far.hostname}:${farPort}`;
  const ssh = new Ssh(route, ["-N", "-L", `127.0.0.1:${forward}`, "-o", "ExitOnForwardFailure=yes"], running.env);
  try {
    await ssh.opened(local, canAsk() ? Math.max(PERSON_MS, running.timeoutMs) : running.timeoutMs);
  } catch (error) {
    await ssh[Symbol.asyncDispose]();
    throw error;
  }
  far.hostname = "127.0.0.1";
  far.port = String(local);
  return { url: far.href, problem: () => ssh.endedBy(), [Symbol.asyncDispose]: () => ssh[Symbol.asyncDispose]() };
}

/** Runs a command on the far machine and gives what it prints. Throws `CliError` when it fails or takes too long. */
export async function runThere(route: SshRoute, words: readonly string[], running: Running): Promise<string> {
  await using ssh = new Ssh(route, [], running.env, words);
  const printed = text(ssh.process.stdout!);
  const late = AbortSignal.timeout(canAsk() ? PERSON_MS : running.timeoutMs);
  const code = await ssh.ended(late);
  if (code === 0) return await printed;
  throw ssh.problem() ?? new CliError(`ssh to ${showRoute(route)} did not end in time. Allow more with --timeout.`, 5);
}

class Ssh implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly #route: SshRoute;
  readonly #exit: Promise<unknown>;
  #said = "";
  #failure: NodeJS.ErrnoException | undefined;

  constructor(route: SshRoute, options: readonly string[], env: NodeJS.ProcessEnv, words: readonly string[] = []) {
    this.#route = route;
    this.process = spawn("ssh", argumentsOf(route, options, words), { env, stdio: ["ignore", "pipe", "pipe"] });
    this.#exit = new Promise((resolve) => {
      this.process.once("close", resolve);
      this.process.once("error", (error) => {
        this.#failure = error;
        resolve(undefined);
      });
    });
    this.process.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      this.#said = `${this.#said}${chunk}`.slice(-KEPT_CHARS);
      // Somebody at a terminal answers ssh's questions there, and sees what it says.
      if (canAsk()) process.stderr.write(printable(chunk));
    });
    process.once("exit", this.#kill);
  }

  /** Waits until the port accepts, or ssh ends. */
  async opened(port: number, ms: number): Promise<void> {
    const late = AbortSignal.timeout(ms);
    while (!this.#isOver) {
      if (late.aborted) {
        throw new CliError(
          `ssh to ${showRoute(this.#route)} did not open the tunnel within ${ms} ms. Try \`ssh ${this.#route.host}\` by itself, or allow more with --timeout.`,
          EXIT.timeout,
        );
      }
      if (await accepts(port)) return;
      await Promise.race([this.#exit, sleep(LOOK_EVERY_MS)]);
    }
    await this.#exit;
    throw this.problem();
  }

  /** The exit code; undefined when it never ran or was too late. */
  async ended(late: AbortSignal): Promise<number | null | undefined> {
    await Promise.race([this.#exit, once(late, "abort")]);
    return this.#isOver ? this.process.exitCode : undefined;
  }

  /** Why it has ended, or is about to. */
  async endedBy(): Promise<CliError | undefined> {
    await this.#exitWithin(SETTLED_WITHIN_MS);
    return this.problem() ?? this.#refusal();
  }

  /** Why the far machine has not let a connection through; ssh itself goes on then. */
  #refusal(): CliError | undefined {
    const [why] = /channel \d+: open failed: .*/i.exec(this.#said) ?? [];
    return why === undefined ? undefined : explain(why, { route: this.#route, how: "could not pass a connection on" });
  }

  problem(): CliError | undefined {
    if (!this.#isOver) return undefined;
    const { exitCode, signalCode } = this.process;
    const unreachable = (message: string) => new CliError(message, EXIT.unreachable);
    if (this.#failure) return unreachable("This machine has no ssh on its PATH; install an OpenSSH client.");
    if (signalCode)
      return unreachable(`The ssh to ${showRoute(this.#route)} was ended by ${signalCode}; run the command again.`);
    return explain(this.#said, { route: this.#route, how: `ended with code ${exitCode}` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.removeListener("exit", this.#kill);
    if (this.#isOver) return;
    this.process.kill("SIGTERM");
    await this.#exitWithin(END_WITHIN_MS);
    if (!this.#isOver) this.process.kill("SIGKILL");
    await this.#exit;
  }

  async #exitWithin(ms: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, ms);
    await Promise.race([this.#exit, late.promise]);
    clearTimeout(timer);
  }

  readonly #kill = () => void this.process.kill("SIGKILL");

  get #isOver(): boolean {
    const { exitCode, signalCode } = this.process;
    return exitCode !== null || signalCode !== null || this.#failure !== undefined;
  }
}

/** Host keys are checked as ssh is configured; without a terminal nobody can answer, so nothing is asked. */
function argumentsOf(route: SshRoute, options: readonly string[], words: readonly string[]): string[] {
  const alive = ["ConnectTimeout=5", "ServerAliveInterval=15", "ServerAliveCountMax=3"].flatMap((each) => ["-o", each]);
  const batch = canAsk() ? [] : ["-o", "BatchMode=yes"];
  const port = route.port === undefined ? [] : ["-p", String(route.port)];
  const key = route.identity === undefined ? [] : ["-i", route.identity];
  return [...options, ...alive, ...batch, ...port, ...key, "--", route.host, ...words];
}

/** What ssh says, and what to do about it. Source of the texts: OpenSSH's client. */
const FIXES: readonly (readonly [RegExp, string])[] = [
  [
    /host key verification failed|identification has changed/i,
    "Compare the host's key, then connect once by hand: ssh HOST",
  ],
  [
    /permission denied/i,
    "Give a key that the host knows, with --ssh-identity or in your ssh config; test it with: ssh HOST",
  ],
  [/could not resolve hostname|name or service not known/i, "Check the name of the host"],
  [/administratively prohibited/i, "The host's sshd forbids tunnels; set AllowTcpForwarding yes there"],
  [/open failed: connect failed/i, "Start the gateway there, or say where it listens with --url ws://127.0.0.1:PORT"],
  [/connection refused/i, "Check that sshd runs there, and its port: --ssh user@host:port"],
  [/timed out|no route to host|network is unreachable/i, "Check that the host is on and can be reached from here"],
  [/command not found/i, "Install moltbot there, or give the token with --token"],
];

function explain(said: string, { route, how }: { route: SshRoute; how: string }): CliError {
  const last = printable(said).trim().split("\n").at(-1)?.trim() ?? "";
  const fix = FIXES.find(([pattern]) => pattern.test(said))?.[1] ?? "Try it by itself: ssh HOST";
  const words = last === "" ? how : `${how}: ${last.replace(/[.\s]+$/, "")}`;
  return new CliError(`ssh to ${showRoute(route)} ${words}. ${fix.replace("HOST", byHand(route))}.`, EXIT.unreachable);
}

/** The route as one types it after `ssh`. */
function byHand({ host, port }: SshRoute): string {
  return port === undefined ? host : `-p ${port} ${host}`;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    return await new Promise((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
