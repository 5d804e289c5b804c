/** A signal-cli daemon of our own: started on a free port of loopback, ended with the connection. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { codeOf, ignore, messageOf } from "../../base/errors.ts";
import { childEnv, quietStreams } from "../../base/process/child.ts";
import { ChannelError, type ProbeContext } from "../../kit/channel.ts";
import { EventRecord } from "./record.ts";
import { Rpc } from "./rpc.ts";

/** A cold start of Java on a small machine takes half a minute and more. */
const START_MS = 90_000;
const POLL_MS = 250;
const STOP_MS = 5_000;

export interface Daemon extends AsyncDisposable {
  readonly url: string;
  /** Resolves with the reason when the program has ended. */
  readonly ended: Promise<ChannelError>;
}

/** Facts of the daemon that was started last. */
interface Running {
  readonly pid: number;
  readonly url: string;
}

/** Where signal-cli keeps the keys of the account. */
export function configFolder(folder: string): string {
  return join(folder, "signal-cli");
}

/** The address of a daemon that a connection of this account has started. */
export function runningUrl(folder: string): string | undefined {
  return readRunning(folder)?.url;
}

/** Starts signal-cli; resolves when it answers. Throws `ChannelError` "unavailable" with what is missing. */
export async function startDaemon(context: ProbeContext, cliPath = "signal-cli"): Promise<Daemon> {
  const { folder, signal, clock, log } = context;
  mkdirSync(configFolder(folder), { recursive: true, mode: 0o700 });
  await endLeftover(context);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = ["--config", configFolder(folder), "--output", "json", "daemon", "--http", `127.0.0.1:${port}`];
  // Without this, Signal's server is told that messages were received while nobody reads them.
  args.push("--receive-mode", "on-connection");
  const child = spawnRecorded(cliPath, args, context);
  const ended = endOf(child, cliPath, (line) => log.debug("signal-cli", { line }));
  if (child.pid !== undefined) writeFileSync(runningFile(folder), JSON.stringify({ pid: child.pid, url }));
  const stop = () => stopChild(child, context);
  try {
    await answering(new Rpc(url, clock), context, ended);
  } catch (error) {
    await stop();
    signal.throwIfAborted();
    throw error;
  }
  return { url, ended, [Symbol.asyncDispose]: stop };
}

/** What signal-cli, a Java program, is told of its Java. */
const JAVA = ["JAVA_HOME", "JAVA_OPTS", "JAVA_TOOL_OPTIONS", "SIGNAL_CLI_OPTS"];

/** The program, writing what it receives to its record. */
function spawnRecorded(cliPath: string, args: readonly string[], { folder, env }: ProbeContext): ChildProcess {
  using record = new EventRecord(folder).open();
  return spawn(cliPath, args, { env: childEnv(env, {}, JAVA), stdio: ["ignore", record.descriptor, "pipe"] });
}

/** Polls until the daemon answers. Throws the reason when it ends before, or "unavailable" when it takes too long. */
async function answering(rpc: Rpc, { clock, signal }: ProbeContext, ended: Promise<ChannelError>): Promise<void> {
  let reason: ChannelError | undefined;
  void ended.then((known) => {
    reason = known;
  });
  const limit = clock.monotonic() + START_MS;
  while (clock.monotonic() < limit) {
    if (reason) throw reason;
    if (await rpc.isUp(signal)) return;
    await clock.sleep(POLL_MS, signal);
  }
  throw new ChannelError("unavailable", `signal-cli did not answer within ${START_MS / 1000} s; see the log.`);
}

/** Resolves with why the program has ended, read off what it printed last. */
async function endOf(child: ChildProcess, cliPath: string, onLine: (line: string) => void): Promise<ChannelError> {
  const printed: string[] = [];
  quietStreams(child);
  if (child.stderr) {
    const lines = createInterface({ input: child.stderr });
    lines.on("line", (line) => {
      printed.push(line);
      if (printed.length > 20) printed.shift();
      onLine(line);
    });
    lines.on("error", (error: unknown) => ignore(error, "the program's end is what counts"));
  }
  const { promise, resolve } = Promise.withResolvers<ChannelError>();
  child.once("error", (error) => resolve(startError(error, cliPath)));
  child.once("close", (code) => resolve(endError(code, printed)));
  return await promise;
}

function startError(error: Error, cliPath: string): ChannelError {
  const sentence =
    codeOf(error) === "ENOENT"
      ? `signal-cli is not installed (${cliPath}); install it (brew install signal-cli, or github.com/AsamK/signal-cli with Java 21 or later), or set channels.signal.cliPath or channels.signal.httpUrl.`
      : `signal-cli cannot be started (${codeOf(error) ?? messageOf(error)}); see channels.signal.cliPath.`;
  return new ChannelError("unavailable", sentence, { cause: error });
}

function endError(code: number | null, printed: readonly string[]): ChannelError {
  const all = printed.join("\n");
  if (/UnsupportedClassVersionError|class file version|no 'java' command|JAVA_HOME/.test(all)) {
    return new ChannelError("unavailable", "signal-cli needs Java 21 or later; install it and see JAVA_HOME.");
  }
  const last = printed.findLast((line) => line.trim() !== "")?.slice(0, 200) ?? `code ${code}`;
  return new ChannelError("unavailable", `signal-cli has ended: ${last}`);
}

async function stopChild(child: ChildProcess, { folder, clock }: ProbeContext): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    using _limit = clock.after(STOP_MS, () => child.kill("SIGKILL"));
    await exited;
  }
  rmSync(runningFile(folder), { force: true });
}

/** A daemon that outlived a killed gateway holds the account's keys: it is ended before another is started. */
async function endLeftover({ folder, clock, signal, log }: ProbeContext): Promise<void> {
  const left = readRunning(folder);
  if (!left || !isOurs(left.pid, folder)) return;
  log.info("ends a signal-cli that an earlier gateway has left behind", { pid: left.pid });
  const limit = clock.monotonic() + STOP_MS;
  process.kill(left.pid, "SIGTERM");
  while (isOurs(left.pid, folder)) {
    if (clock.monotonic() > limit) process.kill(left.pid, "SIGKILL");
    await clock.sleep(POLL_MS, signal);
  }
}

/** Whether that process is a program on our folder; where that cannot be told, it is left alone. */
function isOurs(pid: number, folder: string): boolean {
  try {
    return commandOf(pid).includes(configFolder(folder));
  } catch (error) {
    ignore(error, "it has ended, or belongs to somebody else");
    return false;
  }
}

/** The command line of a process. Throws when there is none. */
function commandOf(pid: number): string {
  return process.platform === "linux"
    ? readFileSync(`/proc/${pid}/cmdline`, "utf8")
    : execFileSync("ps", ["-o", "command=", "-p", String(pid)], {
        encoding: "utf8",
        env: { PATH: "/usr/bin:/bin" },
        stdio: ["ignore", "pipe", "ignore"],
      });
}

function readRunning(folder: string): Running | undefined {
  try {
    return JSON.parse(readFileSync(runningFile(folder), "utf8")) as Running;
  } catch (error) {
    ignore(error, "nothing runs that we know of");
    return undefined;
  }
}

function runningFile(folder: string): string {
  return join(folder, "signal-cli.json");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
