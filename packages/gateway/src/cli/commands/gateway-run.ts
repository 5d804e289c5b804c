/** `moltbot gateway [run]` — the daemon in the foreground: start, banner, signals, end. */

import { once } from "node:events";
import { existsSync, fstatSync } from "node:fs";
import { flushCompileCache } from "node:module";
import type { Socket } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { isatty } from "node:tty";
import { defined } from "../../base/defined.ts";
import { TellableError } from "../../base/errors.ts";
import { resolveStateDir } from "../../base/files.ts";
import { VERSION } from "../../base/version.ts";
import type { StartOptions } from "../../start/options.ts";
import { type RunningGateway, startGateway } from "../../start/supervise.ts";
import { EXIT, type ExitCode, usageError } from "../language/exit.ts";
import { type Instance, readInstance } from "../reach/instance.ts";
import { dashboardLink, mustBeHere, resolveTarget } from "../reach/target.ts";
import type { Output } from "../terminal/output.ts";
import { SAME_SIGNAL_MS } from "../terminal/stop.ts";
import type { RunCall } from "./gateway.ts";

/** How long a clean stop may take before the process ends anyway, in milliseconds. */
const STOP_WITHIN_MS = 10_000;

/** Compiled code is kept for the next start once this one has settled, in milliseconds. */
const KEEP_COMPILED_AFTER_MS = 5_000;

/** Runs the gateway until SIGINT or SIGTERM. */
export async function runGateway({ flags, env, out }: RunCall): Promise<ExitCode> {
  mustBeHere(flags, "gateway");
  const { port } = flags;
  if (port !== undefined && !(Number.isInteger(port) && port <= 65_535)) {
    throw usageError(`--port is a whole number from 0 to 65535, not ${port}.`);
  }
  const stateDir = resolveStateDir({ env, profile: flags.profile });
  const running = readInstance(stateDir);
  if (running && out.isTerminal) return showRunning(running, { out, env, profile: flags.profile });
  const sockets = inheritedSockets(env);
  const isTrial = env.MOLTBOT_UPDATE_TRIAL === "1";
  if (!isTrial && existsSync(join(stateDir, "current")))
    await (await import("../updated-version.ts")).execUpdatedVersion(stateDir, { hasSockets: sockets.length > 0 });
  const signal = stopSignal();
  // Without a listener Node opens its debugger at this signal.
  let started: RunningGateway | undefined;
  let isAskedAgain = false;
  process.on("SIGUSR1", () => {
    isAskedAgain = true;
    started?.restartProcess("SIGUSR1");
  });
  out.outlivesReader();
  if (isTrial) endWithWatcher(() => process.kill(process.pid, "SIGTERM"));
  const options: StartOptions = {
    stateDir,
    env,
    ownsProcess: true,
    sockets,
    overrides: {
      ...defined({ port, bind: flags.bind, auth: flags.auth, token: flags.token, password: flags.password }),
      ...(flags.tls && { tls: true }),
      ...(flags.verbose && { verbose: true }),
    },
  };
  if (!isTrial && existsSync(join(stateDir, "update.json")))
    await (await import("../../start/update.ts")).goOnWithUpdate(options, signal);
  if (signal.aborted) return EXIT.ok;
  const gateway = await startGateway(options);
  started = gateway;
  // The program may have been replaced after it was read.
  if (isAskedAgain) gateway.restartProcess("SIGUSR1");
  using _told = env.NOTIFY_SOCKET
    ? (await import("../service/notify.ts")).tellSystemd(env, () => gateway.url)
    : undefined;
  banner(gateway, { out, stateDir, profile: flags.profile });
  const keepCompiled = setTimeout(flushCompileCache, KEEP_COMPILED_AFTER_MS);
  if (!signal.aborted) await once(signal, "abort");
  clearTimeout(keepCompiled);
  await gateway[Symbol.asyncDispose]();
  return EXIT.ok;
}

/** A version on trial ends when its watcher is gone: its input closes then. */
function endWithWatcher(end: () => void): void {
  const input = fstatSync(0);
  if (!input.isFIFO() && !input.isSocket()) return;
  process.stdin.once("close", end).resume();
  // It keeps nothing alive that has come to its end.
  (process.stdin as Partial<Socket>).unref?.();
}

/** The descriptors of sockets that systemd passes to this process and no other (sd_listen_fds(3)). */
function inheritedSockets({ LISTEN_PID, LISTEN_FDS }: NodeJS.ProcessEnv): number[] {
  const count = Number(LISTEN_PID) === process.pid ? Number(LISTEN_FDS) : 0;
  return Number.isInteger(count) && count > 0 && count <= MAX_SOCKETS
    ? Array.from({ length: count }, (_, at) => FIRST_SOCKET + at)
    : [];
}

/** The first descriptor of a passed socket (SD_LISTEN_FDS_START), and how many are taken. */
const FIRST_SOCKET = 3;
const MAX_SOCKETS = 8;

/**
 * Prints the link of a gateway that runs already: a person who starts it once more wants to open it. Under a supervisor the start
 * is refused instead.
 */
function showRunning(
  { pid }: Instance,
  { out, env, profile }: { out: Output; env: NodeJS.ProcessEnv; profile: string | undefined },
): ExitCode {
  const { bold, cyan } = out.style;
  const command = `moltbot${profile === undefined ? "" : ` --profile ${profile}`} gateway stop`;
  out.print(`${bold("moltbot")} runs already (pid ${pid}); \`${command}\` stops it.`);
  out.print(`Open ${cyan(dashboardLink(resolveTarget({ profile }, env)))}`);
  return EXIT.ok;
}

interface Started {
  readonly dashboardUrl: string;
  readonly tlsFingerprint?: string | undefined;
}

function banner(
  { dashboardUrl, tlsFingerprint }: Started,
  { out, stateDir, profile }: { out: Output; stateDir: string; profile: string | undefined },
): void {
  const { bold, cyan, dim } = out.style;
  const home = homedir();
  const place = stateDir.startsWith(`${home}/`) ? `~${stateDir.slice(home.length)}` : stateDir;
  out.print(`${bold("moltbot")} ${VERSION} is running; Ctrl-C stops it. ${dim(`State: ${place}`)}`);
  if (tlsFingerprint) out.print(dim(`Certificate SHA-256: ${tlsFingerprint}`));
  const open = openLine(dashboardUrl, { isTerminal: out.isTerminal, profile });
  out.print(out.isTerminal ? open.replace(dashboardUrl, cyan(dashboardUrl)) : open);
}

/**
 * Where WebChat is. A terminal gets the link that signs in. Any other output may be a journal or a file that others
 * read, so it is told how to get the link.
 */
export function openLine(
  dashboardUrl: string,
  { isTerminal, profile }: { isTerminal: boolean; profile: string | undefined },
): string {
  if (isTerminal) return `Open ${dashboardUrl}`;
  const command = `moltbot${profile === undefined ? "" : ` --profile ${profile}`} dashboard`;
  return `Open ${dashboardUrl.replace(/#.*$/, "")} with the link that \`${command}\` prints: it signs you in.`;
}

/**
 * Aborts on the first SIGINT or SIGTERM, whatever is going on; a later one, or 10 s, ends the process. SIGHUP does the same
 * for a gateway that has a terminal, since that terminal is being closed. One without a terminal (`nohup`, a supervisor)
 * ignores it. Node forgets that its parent has had a signal ignored, so this is the sign that is left.
 */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let firstAt: number | undefined;
  const onSignal = () => {
    firstAt ??= performance.now();
    if (controller.signal.aborted && performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(EXIT.failed);
    setTimeout(() => process.exit(EXIT.failed), STOP_WITHIN_MS).unref();
    controller.abort(new TellableError("the gateway stops"));
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, onSignal);
  const hasTerminal = [0, 1, 2].some((stream) => isatty(stream));
  process.on("SIGHUP", hasTerminal ? onSignal : () => {});
  return controller.signal;
}
