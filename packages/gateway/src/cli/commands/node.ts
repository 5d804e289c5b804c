/** `moltbot node` — makes this machine a node: a gateway may run programs and reach files here, by this machine's rules. */

import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { isRecord } from "../../base/config/config.ts";
import { defined } from "../../base/defined.ts";
import { configPath, readTextIfExists, writePrivateFile } from "../../base/files.ts";
import { newId } from "../../base/ids.ts";
import { systemClock } from "../../base/time/clock.ts";
import { VERSION } from "../../base/version.ts";
import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { CliError, EXIT, usageError } from "../language/exit.ts";
import { openSocket } from "../reach/connect.ts";
import { deviceTokens, loadDevice } from "../reach/identity.ts";
import { resolveTarget, type Target } from "../reach/target.ts";
import { installFlags, scopeFlag } from "../service/flags.ts";
import { onStop } from "../terminal/stop.ts";

/** What `node.json` keeps. Source: the node host of January 2026 writes the same fields. */
interface NodeFile {
  readonly nodeId: string;
  readonly displayName: string;
  readonly url?: string | undefined;
}

const whereFlags = {
  host: { kind: "text", value: "HOST", summary: "The gateway's address, instead of --url" },
  port: { kind: "number", value: "PORT", summary: "The gateway's port (18789)" },
  tls: { kind: "switch", summary: "Connect with TLS, with --host" },
  "node-id": { kind: "text", value: "ID", summary: "The id of this installation (made once)" },
  name: {
    kind: "text",
    value: "NAME",
    summary: "The name that others see (this machine's)",
    formerly: ["display-name"],
  },
  commands: { kind: "list", value: "NAME", summary: "Serve only this command; may be given several times" },
  root: { kind: "list", value: "DIR", summary: "A folder whose files may be read and written; several times" },
  browser: { kind: "text", value: "PROGRAM", summary: "The browser that may be steered; `off` for none" },
  "browser-reach": {
    kind: "list",
    value: "HOST:PORT",
    summary: "A service off the public internet that the browser may reach; several times",
  },
} as const;

const run = defineCommand({
  summary: "Be a node, in the foreground, until Ctrl-C",
  flags: whereFlags,
  examples: [
    "moltbot node run",
    "moltbot node run --host gateway.local --name kitchen",
    "moltbot node run --root ~/notes",
  ],
  async run(call) {
    const { flags, env, out } = call;
    const target = targetOf(call);
    const { stateDir } = target;
    const device = loadDevice(stateDir);
    const file = nodeFile(stateDir, { nodeId: flags["node-id"], displayName: flags.name, url: target.url });
    const { nodeCommands } = await import("../node-host/commands.ts");
    const { NodeHost } = await import("../node-host/host.ts");
    const only = flags.commands.flatMap((each) => each.split(",")).map((each) => each.trim());
    const commands = nodeCommands({
      ...{ stateDir, configPath: configPath(stateDir, env), env, clock: systemClock },
      ...{ roots: flags.root, only, browser: flags.browser, browserReach: reachOf(flags["browser-reach"]) },
    });
    if (commands.size === 0) throw usageError(`No command of this machine is called ${only.join(", ")}.`);
    out.outlivesReader();
    using host = new NodeHost({
      client: {
        url: target.url,
        client: {
          ...{ id: "node-host", version: VERSION, platform: process.platform, mode: "node" },
          ...{
            displayName: file.displayName,
            instanceId: file.nodeId,
            ...defined({ deviceFamily: FAMILY[process.platform] }),
          },
        },
        device,
        deviceTokens: deviceTokens(stateDir, device.deviceId),
        ...defined({ token: target.token, password: target.password, tlsFingerprint: target.fingerprint }),
        ...defined({ pathEnv: env.PATH }),
        createSocket: await openSocket(target),
      },
      deviceId: device.deviceId,
      commands,
      clock: systemClock,
      say: (line) => out.print(line),
    });
    using _stop = onStop(() => host[Symbol.dispose]());
    out.print(
      `Node ${file.displayName} (${device.deviceId.slice(0, 12)}) of ${target.url}: ${[...commands.keys()].join(", ")}.`,
    );
    await host.run();
  },
});

const status = defineCommand({
  summary: "Show what this machine is as a node, and its service",
  flags: scopeFlag,
  async run(call) {
    const { out, flags, env } = call;
    const target = resolveTarget(flags, env);
    const file = readNodeFile(target.stateDir);
    const deviceId = loadDevice(target.stateDir).deviceId;
    const isApproved = deviceTokens(target.stateDir, deviceId).load("node") !== undefined;
    const { lookAtService } = await import("../service/verbs.ts");
    const service = (await lookAtService(call, "node"))?.state;
    if (flags.json)
      return out.json({ ...file, nodeId: file?.nodeId ?? null, deviceId, isApproved, service: service ?? null });
    if (!file) {
      out.print("This machine has not been a node yet. Begin with `moltbot node run`.");
      return EXIT.failed;
    }
    out.print(`Name      ${file.displayName}`);
    out.print(`Device    ${deviceId}`);
    out.print(`Gateway   ${file.url ?? "not known"}`);
    const runs =
      service?.file === undefined
        ? "not installed (`moltbot node install`)"
        : `${service.name}: ${service.detail ?? ""}`;
    out.print(`Service   ${runs}`);
    for (const problem of service?.problems ?? []) out.note(problem);
    out.print(
      `Approved  ${isApproved ? "yes, a device token is stored" : "not yet: run `moltbot node run`, it says what to type"}`,
    );
  },
});

const install = defineCommand({
  summary: "Keep this machine a node, as a service of the system",
  flags: { ...whereFlags, ...installFlags },
  examples: ["moltbot node install", "moltbot node install --host gateway.local --root ~/notes"],
  async run(call) {
    const { installService } = await import("../service/verbs.ts");
    targetOf(call);
    return await installService(call, { kind: "node", words: wordsOf(call) });
  },
});

const uninstall = defineCommand({
  summary: "Remove the service of this node; its identity stays",
  flags: scopeFlag,
  run: async (call) => (await import("../service/verbs.ts")).uninstallService(call, "node"),
});

const start = defineCommand({
  summary: "Start the service of this node",
  flags: scopeFlag,
  run: async (call) => (await import("../service/verbs.ts")).mustDrive(call, "node", "start"),
});

const stop = defineCommand({
  summary: "Stop the service of this node",
  flags: scopeFlag,
  run: async (call) => (await import("../service/verbs.ts")).mustDrive(call, "node", "stop"),
});

const restart = defineCommand({
  summary: "Restart the service of this node",
  flags: scopeFlag,
  run: async (call) => (await import("../service/verbs.ts")).mustDrive(call, "node", "restart"),
});

/** `node`, with nothing after it, shows the state. */
export const node = defineGroup({
  summary: "Make this machine a node",
  commands: { run, status, install, uninstall, start, stop, restart },
  alone: status,
});

/** The words after `node run` that mean what was given to `install`. */
function wordsOf({ flags }: Pick<Call<typeof whereFlags>, "flags">): string[] {
  const words: string[] = [];
  const add = (name: string, value: string | number | undefined) => {
    if (value !== undefined) words.push(`--${name}`, String(value));
  };
  add("url", flags.url);
  add("tls-fingerprint", flags["tls-fingerprint"]);
  for (const name of ["host", "port", "node-id", "name"] as const) add(name, flags[name]);
  if (flags.tls) words.push("--tls");
  if (flags.insecure) words.push("--insecure");
  for (const each of flags.commands) add("commands", each);
  for (const each of flags.root) add("root", resolve(each));
  add("browser", flags.browser);
  for (const each of reachOf(flags["browser-reach"])) add("browser-reach", each);
  return words;
}

/** Services as `host:port`. Throws when one is not said so. */
function reachOf(named: readonly string[]): readonly string[] {
  const wrong = named.find((each) => !/^[\w.[\]:-]+:\d{1,5}$/.test(each));
  if (wrong !== undefined)
    throw usageError(`--browser-reach takes a host and a port, such as 192.168.1.5:8123, not ${wrong}.`);
  return named;
}

/** The families that nodes tell. Source: the hosts of 2026. */
const FAMILY: Readonly<Partial<Record<NodeJS.Platform, string>>> = { linux: "Linux", darwin: "Mac", win32: "Windows" };

function targetOf({ flags, env }: Call<typeof whereFlags>): Target {
  const { host, port, tls } = flags;
  if (host === undefined && (port !== undefined || tls)) {
    return resolveTarget({ ...flags, url: `${tls ? "wss" : "ws"}://127.0.0.1:${port ?? 18_789}` }, env);
  }
  if (host === undefined) return resolveTarget(flags, env);
  if (flags.url !== undefined) throw usageError("Give either --url or --host.");
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return resolveTarget({ ...flags, url: `${tls ? "wss" : "ws"}://${name}:${port ?? 18_789}` }, env);
}

/** Reads or makes `node.json`; what was given is kept for the next time. */
function nodeFile(
  stateDir: string,
  given: { nodeId: string | undefined; displayName: string | undefined; url: string },
): NodeFile {
  const before = readNodeFile(stateDir);
  const file: NodeFile = {
    nodeId: given.nodeId ?? before?.nodeId ?? newId(),
    displayName: given.displayName ?? before?.displayName ?? hostname(),
    url: given.url,
  };
  if (JSON.stringify(file) !== JSON.stringify(before))
    writePrivateFile(pathOf(stateDir), `${JSON.stringify({ version: 1, ...file }, undefined, 2)}\n`);
  return file;
}

function readNodeFile(stateDir: string): NodeFile | undefined {
  const text = readTextIfExists(pathOf(stateDir));
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value) && typeof value.nodeId === "string") {
      const { nodeId, displayName, url } = value;
      return {
        nodeId,
        displayName: typeof displayName === "string" ? displayName : hostname(),
        ...(typeof url === "string" && { url }),
      };
    }
  } catch (error) {
    throw damaged(stateDir, error);
  }
  throw damaged(stateDir);
}

function damaged(stateDir: string, cause?: unknown): CliError {
  return new CliError(
    `${pathOf(stateDir)} is damaged. Move it away; the next \`moltbot node run\` makes a new one.`,
    1,
    { cause },
  );
}

function pathOf(stateDir: string): string {
  return join(stateDir, "node.json");
}
