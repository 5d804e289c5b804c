/**
 * `moltbot gateway` — runs the gateway, or asks about the one that runs. Only what the commands take is here: the
 * daemon's start must not pay for loading the client.
 */

import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { installFlags, readyFlags, restartFlags, scopeFlag } from "../service/flags.ts";

const runFlags = {
  port: { kind: "number", value: "PORT", summary: "Listen on this port (18789)" },
  bind: {
    kind: "text",
    value: "WHERE",
    summary: "Listen on",
    choices: ["loopback", "lan", "tailnet", "auto", "custom"],
  },
  auth: { kind: "text", value: "MODE", summary: "How clients sign in", choices: ["token", "password", "none"] },
  token: { kind: "text", value: "TOKEN", summary: "The token clients must show" },
  password: { kind: "text", value: "PASSWORD", summary: "The password clients must show" },
  tls: { kind: "switch", summary: "Serve https and wss, with a certificate of its own unless one is configured" },
  verbose: { kind: "switch", short: "v", summary: "Log every request and refusal too" },
  "allow-unconfigured": { kind: "switch", summary: "A start without settings is fine anyway", hidden: true },
} as const;

/** What running the gateway is given. */
export type RunCall = Call<typeof runFlags>;

const run = defineCommand({
  summary: "Run the gateway in the foreground",
  flags: runFlags,
  examples: ["moltbot gateway", "moltbot gateway --port 19000 --verbose"],
  run: async (call) => (await import("./gateway-run.ts")).runGateway(call),
});

const status = defineCommand({
  summary: "Show whether the gateway runs and answers, and its service",
  flags: scopeFlag,
  run: async (call) => (await import("./gateway-status.ts")).showStatus(call),
});

const stop = defineCommand({
  summary: "Stop the gateway that runs on this machine: its service, or the one in a terminal",
  flags: scopeFlag,
  run: async (call) => (await import("./gateway-stop.ts")).stopGateway(call),
});

const start = defineCommand({
  summary: "Start the service of the gateway",
  flags: scopeFlag,
  run: async (call) => (await import("../service/verbs.ts")).mustDrive(call, "gateway", "start"),
});

const restart = defineCommand({
  summary: "Restart the gateway: its service, or in place where none is installed",
  flags: restartFlags,
  examples: ["moltbot gateway restart", "moltbot gateway restart --in-place"],
  run: async (call) => (await import("./gateway-restart.ts")).restartGateway(call),
});

const serviceFlags = {
  ...installFlags,
  port: { kind: "number", value: "PORT", summary: "Listen on this port, above the settings" },
  socket: { kind: "switch", summary: "Have systemd keep the port, so that a restart turns no client away" },
  watchdog: { kind: "switch", summary: "Have systemd restart a gateway that does not answer its own port any more" },
} as const;

const install = defineCommand({
  summary: "Keep the gateway running as a service of this system",
  flags: serviceFlags,
  examples: ["moltbot gateway install", "sudo moltbot gateway install --system --user ann"],
  async run(call) {
    const { port, socket, watchdog } = call.flags;
    const words = port === undefined ? [] : ["--port", String(port)];
    const sockets = socket ? (await import("../service/sockets.ts")).socketsFor(call) : [];
    const { installService } = await import("../service/verbs.ts");
    return await installService(call, { kind: "gateway", words, watchdog, sockets });
  },
});

const uninstall = defineCommand({
  summary: "Remove the service of the gateway; its state stays",
  flags: scopeFlag,
  run: async (call) => (await import("../service/verbs.ts")).uninstallService(call, "gateway"),
});

const ready = defineCommand({
  summary: "Wait until the gateway on this machine answers",
  flags: readyFlags,
  examples: ["moltbot gateway ready --wait 60"],
  run: async (call) => (await import("./gateway-ready.ts")).waitUntilReady(call),
});

const callFlags = {
  params: { kind: "text", value: "JSON", summary: "The parameters, one JSON object; - reads them from stdin" },
  "expect-final": { kind: "switch", summary: "Of a method that answers twice, wait for the second answer" },
} as const;

/** What calling a method is given. */
export type MethodCall = Call<typeof callFlags>;

const callCommand = defineCommand({
  summary: "Call any method and print its answer as JSON",
  positionals: [{ name: "METHOD", completes: "method" }],
  flags: callFlags,
  examples: [
    "moltbot gateway call health",
    `moltbot gateway call sessions.list --params '{"limit": 5}'`,
    `moltbot gateway call agent --params '{"message": "hi", "sessionKey": "main"}' --expect-final`,
  ],
  run: async (call) => (await import("./gateway-call.ts")).callMethod(call),
});

const link = defineCommand({
  summary: "Show a link and a QR code by which one more machine may use this gateway",
  examples: ["moltbot gateway link"],
  run: async (call) => (await import("./gateway-link.ts")).showLink(call),
});

const probe = defineCommand({
  summary: "Try every gateway this machine knows of",
  flags: { timeout: { kind: "number", value: "MS", summary: "Milliseconds to wait for each (3000)" } },
  run: async (call) => (await import("./gateway-probe.ts")).probeGateways(call),
});

/** The gateway's own commands; the word alone runs it. */
export const gateway = defineGroup({
  summary: "Run the gateway in the foreground, or ask about the one that runs",
  alone: run,
  commands: { run, status, install, uninstall, start, stop, restart, ready, link, call: callCommand, probe },
});
