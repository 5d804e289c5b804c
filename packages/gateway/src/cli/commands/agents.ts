/** `moltbot agents` — several agents: who they are, and which one answers where. */

import type { AgentSummary } from "@moltbot/protocol";
import { isRecord } from "../../base/config/config.ts";
import { defined } from "../../base/defined.ts";
import { findChannel, readChannels } from "../channels/known.ts";
import { applyPatch } from "../config/config-edit.ts";
import { defineCommand, defineGroup } from "../language/command.ts";
import { CliError, usageError } from "../language/exit.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { printable, table } from "../terminal/render.ts";

interface Binding {
  readonly agentId: string;
  readonly match: {
    readonly channel: string;
    readonly accountId?: string;
    readonly peer?: { readonly kind: string; readonly id: string };
    readonly guildId?: string;
    readonly teamId?: string;
  };
}

/** An agent as the config file has it. */
type Entry = Readonly<Record<string, unknown>> & { readonly id: string };

const ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const PEER_KINDS = ["dm", "group", "channel"];

const list = defineCommand({
  summary: "List the agents, and where each answers",
  page: "agents",
  run: (call) =>
    withGateway(call, async (link) => {
      const { out, flags } = call;
      const { agents, defaultId } = await link.client.request("agents.list", {}, { timeoutMs: link.timeoutMs });
      const bindings = (await readConfig(link)).bindings;
      if (flags.json) return out.json({ defaultId, agents, bindings });
      const columns = [
        { title: "", paint: out.style.green },
        { title: "Agent" },
        { title: "Name", flexible: true },
        { title: "Answers", flexible: true },
      ];
      const rows = agents.map((agent) => [
        agent.id === defaultId ? "●" : "",
        ...[agent.id, nameOf(agent), answersWhere(agent.id, bindings, agent.id === defaultId)],
      ]);
      out.print(table(columns, rows, out));
      const lost = bindings.filter(({ agentId }) => !agents.some(({ id }) => id === agentId.toLowerCase()));
      for (const binding of lost)
        out.print(
          out.style.yellow(
            `\n${whereOf(binding)} is bound to ${printable(binding.agentId)}, which does not exist; ${defaultId} answers there.`,
          ),
        );
    }),
});

const add = defineCommand({
  summary: "Add an agent with a workspace, a model and a memory of its own",
  positionals: [{ name: "ID" }],
  flags: {
    name: { kind: "text", value: "NAME", summary: "What people call it" },
    model: { kind: "text", value: "MODEL", summary: "The model that answers, as provider/model", completes: "model" },
    workspace: { kind: "text", value: "FOLDER", summary: "The folder with its instructions and notes" },
    default: { kind: "switch", summary: "Let it answer wherever no binding says otherwise" },
  },
  examples: ["moltbot agents add work --name Archie --model anthropic/claude-sonnet-4-5"],
  run: (call) =>
    withGateway(call, async (link) => {
      const { out, flags, words } = call;
      const id = agentId(words[0]);
      const { list: before } = await readConfig(link);
      if (before.some((each) => each.id === id))
        throw new CliError(`There is an agent ${id} already. \`moltbot agents list\` shows them.`);
      const { name, model, workspace } = flags;
      const agent: Entry = {
        id,
        ...defined({ name, model, workspace }),
        ...(flags.default && { default: true }),
      };
      // Without a list there is one agent, called main: it stays the first, and so the default one.
      const others = before.length === 0 && id !== "main" ? [{ id: "main" }] : before;
      const kept = flags.default ? others.map(({ default: _was, ...each }) => each) : others;
      await applyPatch(link, { agents: { list: [...kept, agent] } });
      if (flags.json) return out.json({ agent });
      out.print(`The agent ${id} is added. \`moltbot agents bind ${id} CHANNEL\` lets it answer somewhere.`);
    }),
});

const bind = defineCommand({
  summary: "Let an agent answer on a channel, for an account, a server, a group or a person",
  positionals: [
    { name: "ID", completes: "agent" },
    { name: "CHANNEL", completes: "channel" },
  ],
  flags: {
    account: { kind: "text", value: "NAME", summary: "Only for this account of the channel" },
    peer: { kind: "text", value: "KIND:ID", summary: "Only for a person (dm:ID), group:ID or channel:ID" },
    guild: { kind: "text", value: "ID", summary: "Only in this Discord server" },
    team: { kind: "text", value: "ID", summary: "Only in this Slack workspace" },
  },
  examples: ["moltbot agents bind work slack", "moltbot agents bind family telegram --peer group:-1001234"],
  run: (call) =>
    withGateway(call, async (link) => {
      const { out, flags, words } = call;
      const id = agentId(words[0]);
      const { id: channel } = findChannel(await readChannels(link), words[1] ?? "");
      await requireAgent(link, id);
      const binding: Binding = {
        agentId: id,
        match: {
          channel,
          accountId: flags.account ?? "*",
          ...(flags.peer !== undefined && { peer: peerOf(flags.peer) }),
          ...defined({ guildId: flags.guild, teamId: flags.team }),
        },
      };
      const { bindings } = await readConfig(link);
      const others = bindings.filter((each) => JSON.stringify(each.match) !== JSON.stringify(binding.match));
      await applyPatch(link, { bindings: [...others, binding] });
      if (flags.json) return out.json({ binding });
      out.print(`${id} answers ${whereOf(binding)} from now on.`);
    }),
});

const remove = defineCommand({
  summary: "Remove an agent and its bindings; its conversations and files stay",
  positionals: [{ name: "ID", completes: "agent" }],
  run: (call) =>
    withGateway(call, async (link) => {
      const { out, flags, words } = call;
      const id = agentId(words[0]);
      const { list: before, bindings } = await readConfig(link);
      const left = before.filter((each) => each.id !== id);
      const unbound = bindings.filter((each) => each.agentId.toLowerCase() === id).length;
      if (left.length === before.length && unbound === 0)
        throw new CliError(`There is no agent ${id}. \`moltbot agents list\` shows them.`);
      if (left.length === 0 && before.length > 0)
        throw new CliError(`${id} is the only agent. Add another before you remove it.`);
      await applyPatch(link, {
        agents: { list: left },
        bindings: bindings.filter((each) => each.agentId.toLowerCase() !== id),
      });
      if (flags.json) return out.json({ removed: id, bindings: unbound });
      out.print(`${id} is removed${unbound > 0 ? `, with ${unbound} of its bindings` : ""}.`);
    }),
});

/** Several agents. */
export const agents = defineGroup({
  summary: "Add, list and remove agents, and say which one answers where",
  alone: list,
  commands: { list, add, bind, remove },
});

/** The two lists as they stand in the file. */
async function readConfig({ client, timeoutMs }: Link): Promise<{ list: Entry[]; bindings: Binding[] }> {
  const { parsed } = await client.request("config.get", {}, { timeoutMs });
  const file = isRecord(parsed) ? parsed : {};
  const section = isRecord(file.agents) ? file.agents : {};
  return {
    list: Array.isArray(section.list) ? (section.list as Entry[]) : [],
    bindings: Array.isArray(file.bindings) ? (file.bindings as Binding[]) : [],
  };
}

async function requireAgent({ client, timeoutMs }: Link, id: string): Promise<void> {
  const { agents: known } = await client.request("agents.list", {}, { timeoutMs });
  if (known.some((each) => each.id === id)) return;
  throw new CliError(`There is no agent ${id}; add it with \`moltbot agents add ${id}\`.`);
}

function agentId(word = ""): string {
  const id = word.trim().toLowerCase();
  if (ID.test(id)) return id;
  throw usageError(`${JSON.stringify(word)} is no agent's id: letters, digits, "-" and "_", 64 at most.`);
}

function peerOf(text: string): { kind: string; id: string } {
  const [kind = "", ...rest] = text.split(":");
  const id = rest.join(":");
  if (PEER_KINDS.includes(kind) && id !== "") return { kind, id };
  throw usageError(`--peer reads dm:ID, group:ID or channel:ID, not ${JSON.stringify(text)}.`);
}

function nameOf({ name, identity }: AgentSummary): string {
  return printable(identity?.name ?? name ?? "");
}

/** Where an agent answers, in words. */
function answersWhere(id: string, bindings: readonly Binding[], isDefault: boolean): string {
  const own = bindings.filter(({ agentId }) => agentId.toLowerCase() === id).map(whereOf);
  const rest = bindings.length === 0 ? "everywhere" : own.length === 0 ? "everywhere else" : "and everywhere else";
  return [...own, ...(isDefault ? [rest] : [])].join(", ");
}

function whereOf({ match: { channel, accountId = "default", peer, guildId, teamId } }: Binding): string {
  const parts = [
    peer && `${peer.kind} ${peer.id}`,
    guildId && `server ${guildId}`,
    teamId && `workspace ${teamId}`,
    accountId === "*" ? undefined : `account ${accountId}`,
  ].filter((part) => part !== undefined);
  return printable(parts.length > 0 ? `on ${channel} (${parts.join(", ")})` : `on ${channel}`);
}
