// What the agents page makes of the config and of the prompt's parts. Pure functions.

import { isRecord } from "@moltbot/protocol";
import { said, t } from "../words/t.ts";

/** A part of the prompt with its share. */
export interface Part {
  readonly name: string;
  readonly tokens: number;
  /** Of the whole prompt with its tools, in percent. */
  readonly percent: number;
}

/** What the gateway writes itself, by the names of the wire; other parts are files. */
const PARTS: ReadonlyMap<string, string> = new Map([
  ["agent", said("About the agent")],
  ["tools", said("How tools are used")],
  ["skills", said("Skills")],
  ["pages", said("What its pages are for")],
  ["conversation", said("About the conversation")],
  ["extra", said("What the client adds")],
  ["words", said("Who says what")],
]);

/** The parts of a prompt, the largest first; tools are one part. */
export function partsOf(
  sections: readonly { readonly name: string; readonly tokens: number }[],
  tools: number,
): Part[] {
  const all = [
    ...sections.map(({ name, tokens }) => ({ name: t(PARTS.get(name) ?? name), tokens })),
    { name: t("Tools"), tokens: tools },
  ];
  const total = Math.max(
    1,
    all.reduce((sum, { tokens }) => sum + tokens, 0),
  );
  return all
    .filter(({ tokens }) => tokens > 0)
    .map((part) => ({ ...part, percent: (part.tokens / total) * 100 }))
    .sort((one, other) => other.tokens - one.tokens);
}

/** Where a binding holds: "telegram, group 42, of the account work". */
export function bindingText(binding: unknown): string {
  const {
    channel = t("every channel"),
    accountId,
    peer,
    guildId,
    teamId,
  } = isRecord(binding) && isRecord(binding.match) ? binding.match : {};
  const parts = [
    String(channel),
    isRecord(peer)
      ? peer.kind === "dm" || peer.kind === "direct"
        ? t("the person {0}", String(peer.id))
        : `${String(peer.kind)} ${String(peer.id)}`
      : undefined,
    guildId === undefined ? undefined : t("the server {0}", String(guildId)),
    teamId === undefined ? undefined : t("the workspace {0}", String(teamId)),
    accountId === undefined
      ? undefined
      : accountId === "*"
        ? t("every account")
        : t("the account {0}", String(accountId)),
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

/** The bindings of an agent, each with its place in the list. */
export function bindingsOf(config: unknown, agentId: string): { readonly at: number; readonly text: string }[] {
  const all = isRecord(config) && Array.isArray(config.bindings) ? config.bindings : [];
  return all.flatMap((binding, at) =>
    isRecord(binding) && String(binding.agentId).toLowerCase() === agentId ? [{ at, text: bindingText(binding) }] : [],
  );
}

/** A change of the config file that `config.patch` takes, and the setting that it changes. */
export interface Change {
  readonly path: string;
  readonly patch: object;
}

/** What a switch of a tool changes; undefined when another rule than a name in a list decides, so that no switch can. */
export function toolChange(
  parsed: unknown,
  { agentId, tool, isOn }: { agentId: string; tool: string; isOn: boolean },
): Change | undefined {
  const { list, at, entry } = entryOf(parsed, agentId);
  const own = deniedIn(entry);
  const shared = deniedIn(parsed);
  if (isOn && !own.includes(tool) && !shared.includes(tool)) return undefined;
  const isShared = entry === undefined || (isOn && !own.includes(tool));
  const names = isShared ? shared : own;
  const deny = isOn ? names.filter((name) => name !== tool) : [...names, tool];
  if (isShared) return { path: "tools.deny", patch: { tools: { deny } } };
  return {
    path: `agents.list[${at}].tools.deny`,
    patch: { agents: { list: replaced(list, at, { tools: { ...(isRecord(entry?.tools) && entry.tools), deny } }) } },
  };
}

/** What choosing a model for an agent that the config lists changes; undefined for one that takes the default. */
export function modelChange(parsed: unknown, agentId: string, model: string): Change | undefined {
  const { list, at, entry } = entryOf(parsed, agentId);
  if (entry === undefined) return undefined;
  return { path: `agents.list[${at}].model`, patch: { agents: { list: replaced(list, at, { model }) } } };
}

function entryOf(parsed: unknown, agentId: string) {
  const agents = isRecord(parsed) && isRecord(parsed.agents) ? parsed.agents : {};
  const list: readonly unknown[] = Array.isArray(agents.list) ? agents.list : [];
  const at = list.findIndex((each) => isRecord(each) && String(each.id).toLowerCase() === agentId);
  const entry = list[at];
  return { list, at, entry: isRecord(entry) ? entry : undefined };
}

function deniedIn(holder: unknown): readonly string[] {
  const tools = isRecord(holder) && isRecord(holder.tools) ? holder.tools : {};
  return Array.isArray(tools.deny) ? tools.deny.filter((name) => typeof name === "string") : [];
}

function replaced(list: readonly unknown[], at: number, change: object): unknown[] {
  return list.map((each, index) => (index === at ? { ...(each as object), ...change } : each));
}
