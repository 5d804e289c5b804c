/** The text of a systemd unit. Source: systemd.unit(5), systemd.service(5), systemd.exec(5). */

import { usageError } from "../language/exit.ts";
import { type ServicePlan, serviceDescription, serviceName } from "./service.ts";

/** Whether the unit belongs to one user, or to the whole system. */
export type SystemdScope = "user" | "system";

/** Exit code of a gateway that cannot start until a person has fixed something (EX_CONFIG of sysexits.h). */
const REFUSED = 78;

/** How long a start may take, and a stop: a gateway ends its runs within ten seconds. In seconds. */
const START_LIMIT_S = 90;
const STOP_LIMIT_S = 20;

/** A service that says nothing for this long is restarted, where that is wanted. In seconds. */
const WATCHDOG_S = 90;

/** Clients of a socket unit wait for the service, so it is restarted sooner. */
const SOON_MS = 250;

/** The unit as it stands in its file. Throws a usage error for a path that no unit can hold. */
export function unitText(plan: ServicePlan, scope: SystemdScope): string {
  const { command, readyCommand, env, user, watchdog, sockets = [] } = plan;
  const socket = `${serviceName(plan.kind, plan.profile)}.socket`;
  const lines = [
    "[Unit]",
    `Description=${serviceDescription(plan)}`,
    ...(sockets.length > 0
      ? [`Requires=${socket}`, `After=network-online.target ${socket}`]
      : ["After=network-online.target"]),
    "Wants=network-online.target",
    // Never give up: a full disk or a missing network passes. What does not pass ends with the exit code below.
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    ...(watchdog ? ["Type=notify", "NotifyAccess=all", `WatchdogSec=${WATCHDOG_S}`] : ["Type=exec"]),
    ...(user === undefined ? [] : [`User=${user}`, "WorkingDirectory=~"]),
    `ExecStart=${commandLine(command)}`,
    ...(readyCommand && !watchdog ? [`ExecStartPost=${commandLine(readyCommand)}`] : []),
    ...(plan.kind === "gateway" ? ["ExecReload=kill -USR1 $MAINPID"] : []),
    ...Object.entries(env).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`),
    "Restart=always",
    `RestartSec=${sockets.length > 0 ? `${SOON_MS}ms` : 2}`,
    `RestartPreventExitStatus=${REFUSED}`,
    `TimeoutStartSec=${START_LIMIT_S}`,
    `TimeoutStopSec=${STOP_LIMIT_S}`,
    "KillMode=mixed",
    "OOMPolicy=continue",
    "UMask=0077",
    "",
    "[Install]",
    `WantedBy=${scope === "user" ? "default.target" : "multi-user.target"}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** The unit of the sockets on which systemd listens for the gateway. Source: systemd.socket(5). */
export function socketText(plan: ServicePlan): string {
  const lines = [
    "[Unit]",
    `Description=${serviceDescription(plan)}, its port`,
    "",
    "[Socket]",
    ...(plan.sockets ?? []).map((address) => `ListenStream=${address}`),
    "BindIPv6Only=ipv6-only",
    "NoDelay=true",
    "Backlog=511",
    "",
    "[Install]",
    "WantedBy=sockets.target",
  ];
  return `${lines.join("\n")}\n`;
}

/** The program of a unit's text, as `unitText` wrote it. */
export function programOf(unit: string): string[] {
  const line = /^ExecStart=[-@:+!]*([^\n]*)/m.exec(unit)?.[1] ?? "";
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/gs)].map(([, inQuotes, plain]) =>
    (inQuotes?.replace(/\\(.)/gs, "$1") ?? plain ?? "").replaceAll("%%", "%").replaceAll("$$", "$"),
  );
}

/** Words of a command line; in it, `$` begins a variable. */
function commandLine(words: readonly string[]): string {
  return words.map((word) => quoted(word).replaceAll("$", "$$$$")).join(" ");
}

/** A word in quotes; `%` begins a specifier of systemd. */
function quoted(word: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would begin a line of their own
  if (/[\x00-\x1f\x7f]/.test(word))
    throw usageError("A path or setting of a service must not hold control characters.");
  return `"${word.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%")}"`;
}
