/** What the running gateway knows that a command line can name. Nothing is offered when it is down, or slow. */

import { resolveStateDir } from "../../base/files.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { readInstance } from "../reach/instance.ts";
import { resolveTarget, type TargetFlags } from "../reach/target.ts";
import { readNamedGateways } from "../remote/named-gateways.ts";
import { printable } from "../terminal/render.ts";
import type { ValueKind } from "./args.ts";
import type { Candidate, ValueSource } from "./complete.ts";
import { CliError } from "./exit.ts";
import { briefKey, shortDevice, shortRun } from "./names.ts";

/** A shell waits no longer for what it offers, unless the line says otherwise with --timeout; in milliseconds. */
const WAIT_MS = 2_000;

/** As many as a person wants to read through. */
const MOST = 100;

/** Values from the gateway that this command line would talk to. */
export function gatewayValues(env: NodeJS.ProcessEnv): ValueSource {
  return async (kind, { typed, flags }) => {
    if (kind === "setting") return await settings(typed);
    try {
      if (kind === "gateway") return namedHere(flags, env);
      const target = resolveTarget(flags, env);
      // Completion must neither wait for ssh nor let it ask.
      if (target.ssh) return [];
      if (target.isLocal && !readInstance(target.stateDir)) return [];
      const call = { flags: { ...flags, timeout: Number(flags.timeout) || WAIT_MS }, env };
      const found = await withGateway(call, (link) => KINDS[kind](link), { mode: "probe", target });
      return found.map(({ value, summary }) => ({ value, summary: printable(summary) }));
    } catch (error) {
      if (error instanceof CliError) return [];
      throw error;
    }
  };
}

/** The gateways that have a name on this machine. */
function namedHere({ profile }: TargetFlags, env: NodeJS.ProcessEnv): readonly Candidate[] {
  const known = readNamedGateways(resolveStateDir({ env, profile }));
  return Object.entries(known).map(([value, { url, ssh }]) => ({ value, summary: ssh ?? url }));
}

/** The settings one level below what is typed. */
async function settings(typed: string): Promise<readonly Candidate[]> {
  const { settingsUnder } = await import("../sections.ts");
  const path = typed.split(".").slice(0, -1);
  const prefix = path.map((each) => `${each}.`).join("");
  return settingsUnder(path).map((name) => ({ value: `${prefix}${name}`, summary: "" }));
}

const KINDS: Readonly<
  Record<Exclude<ValueKind, "setting" | "gateway">, (link: Link) => Promise<readonly Candidate[]>>
> = {
  async agent({ client, timeoutMs }) {
    const { agents } = await client.request("agents.list", {}, { timeoutMs });
    return agents.map(({ id, name }) => ({ value: id, summary: name ?? "" }));
  },
  async approval({ client, timeoutMs }) {
    const pending = await client.request("exec.approval.list", {}, { timeoutMs });
    return pending.map(({ id, code, request }) => ({ value: code ?? id, summary: request.command }));
  },
  async channel({ client, timeoutMs }) {
    const { channelMeta = [] } = await client.request("channels.status", {}, { timeoutMs });
    return channelMeta.map(({ id, label }) => ({ value: id, summary: label }));
  },
  async device({ client, timeoutMs }) {
    const { paired } = await client.request("device.pair.list", {}, { timeoutMs });
    return paired.map(({ deviceId, displayName, clientId }) => ({
      value: shortDevice(deviceId),
      summary: displayName ?? clientId ?? "",
    }));
  },
  async "device-request"({ client, timeoutMs }) {
    const { pending } = await client.request("device.pair.list", {}, { timeoutMs });
    return pending.map(({ requestId, displayName, clientId }) => ({
      value: requestId,
      summary: displayName ?? clientId ?? "",
    }));
  },
  async "mcp-server"({ client, timeoutMs }) {
    const { servers } = await client.request("mcp.status", {}, { timeoutMs });
    return servers.map(({ name, state }) => ({ value: name, summary: state }));
  },
  async method({ hello }) {
    return hello.features.methods.map((value) => ({ value, summary: "" }));
  },
  async model({ client, timeoutMs }) {
    const [{ models }, { aliases }] = await Promise.all([
      client.request("models.list", {}, { timeoutMs }),
      client.request("models.status", {}, { timeoutMs }),
    ]);
    const short = Object.entries(aliases).map(([value, summary]) => ({ value, summary }));
    return [...short, ...models.map(({ provider, id, name }) => ({ value: `${provider}/${id}`, summary: name }))];
  },
  async provider({ client, timeoutMs }) {
    const { providers, unconnected } = await client.request("models.status", {}, { timeoutMs });
    return [...unconnected, ...providers].map(({ id, label }) => ({ value: id, summary: label }));
  },
  async run({ client, timeoutMs }) {
    const { runs } = await client.request("runs.list", { limit: MOST }, { timeoutMs });
    return runs.map(({ runId, sessionKey }) => ({ value: shortRun(runId), summary: sessionKey }));
  },
  async "sender-code"({ client, timeoutMs }) {
    const { pending } = await client.request("pairing.list", {}, { timeoutMs });
    return pending.map(({ code, channel, name, id }) => ({ value: code, summary: `${channel}: ${name ?? id}` }));
  },
  async session(link) {
    const { client, timeoutMs } = link;
    const params = { limit: MOST, includeDerivedTitles: true };
    const { sessions } = await client.request("sessions.list", params, { timeoutMs });
    return sessions.map(({ key, label, displayName, derivedTitle }) => ({
      value: briefKey(key, link),
      summary: label ?? displayName ?? derivedTitle ?? "",
    }));
  },
  async skill({ client, timeoutMs }) {
    const { skills } = await client.request("skills.status", {}, { timeoutMs });
    return skills.map(({ name, description }) => ({ value: name, summary: description }));
  },
  async tool({ client, timeoutMs }) {
    const { tools } = await client.request("tools.list", {}, { timeoutMs });
    return tools.map(({ name, summary }) => ({ value: name, summary }));
  },
};
