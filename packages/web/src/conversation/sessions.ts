// The session list as the page shows it, and the rules for session keys. Pure functions.

import type { HelloOk, ModelsListResult, ModelsStatus, SessionsListResult } from "@moltbot/protocol";
import { periodName } from "../time.ts";
import { t } from "../words/t.ts";

/** One row of the session list. */
export interface Session {
  readonly key: string;
  readonly title: string;
  /** The name its owner gave it, if any. */
  readonly label: string | undefined;
  readonly preview: string;
  readonly updatedAt: number | undefined;
  readonly channel: string | undefined;
  readonly model: string | undefined;
  /** Every name that people know it by: its own, the other side's, its first words. */
  readonly names: string;
  readonly isPinned: boolean;
}

/** A model that can be chosen; `id` is what `sessions.patch` takes. */
export interface ModelChoice {
  readonly id: string;
  readonly name: string;
  /** Short names that stand for it. */
  readonly aliases: readonly string[];
}

type Row = SessionsListResult["sessions"][number];

/** Reads what `sessions.list` returns. */
export function readSessions({ sessions, defaults }: Pick<SessionsListResult, "sessions" | "defaults">): {
  sessions: Session[];
  defaultModel: string | undefined;
} {
  return { sessions: sessions.map(readSession), defaultModel: modelId(defaults) };
}

/** Reads what `models.list` returns, with the short names that `models.status` knows; a model may have those alone. */
export function readModels(
  { models }: ModelsListResult,
  { aliases, model }: Pick<ModelsStatus, "aliases" | "model"> = { aliases: {}, model: null },
): ModelChoice[] {
  const listed = models.map(({ id, name, provider }) => ({ id: `${provider}/${id}`, name }));
  const others = [...Object.values(aliases), ...(model === null ? [] : [model])];
  const more = [...new Set(others)].filter((id) => !listed.some((each) => each.id === id));
  return [...listed, ...more.map((id) => ({ id, name: id.slice(id.indexOf("/") + 1) }))].map((choice) => ({
    ...choice,
    aliases: Object.keys(aliases).filter((alias) => aliases[alias] === choice.id),
  }));
}

/** The row of a session that the gateway does not list yet. */
export function rowFor(key: string, mainKey: string): Session {
  const nothing = { label: undefined, updatedAt: undefined, channel: undefined, model: undefined, isPinned: false };
  const title = titleOf(key, mainKey);
  return { key, title, names: title, preview: "", ...nothing };
}

/** The name of a session that nobody has named. */
export function titleOf(key: string, mainKey: string): string {
  if (key === mainKey) return t("Main");
  const name = key.split(":").slice(2).join(" ") || key;
  return name.startsWith("chat-") ? t("New conversation") : name;
}

/** One spelling for each session, as the gateway's lists use it (protocol: session keys). */
export function canonicalKey(key: string, defaults: HelloOk["snapshot"]["sessionDefaults"]): string {
  const lower = key.trim().toLowerCase();
  if (lower === "" || lower === "global" || lower === "unknown") return lower;
  const { mainKey = "main", mainSessionKey = "agent:main:main", defaultAgentId = "main" } = defaults ?? {};
  if (lower === "main" || lower === mainKey || lower === `agent:${defaultAgentId}:main`) return mainSessionKey;
  return lower.startsWith("agent:") ? lower : `agent:${defaultAgentId}:${lower}`;
}

/** The sessions that people know by a name with these words in it; keys are for programs. */
export function searchSessions(sessions: readonly Session[], words: string): readonly Session[] {
  const wanted = words.trim().toLowerCase();
  if (wanted === "") return sessions;
  return sessions.filter(({ names }) => names.toLowerCase().includes(wanted));
}

/** Sessions in the order of the list, with a heading before each group: those that are pinned, then by day. */
export function grouped(sessions: readonly Session[], now = Date.now()): { title: string; sessions: Session[] }[] {
  const groups = new Map<string, Session[]>();
  const nameOf = ({ isPinned, updatedAt }: Session) => (isPinned ? t("Pinned") : periodName(updatedAt ?? now, now));
  const order = [...sessions.filter(({ isPinned }) => isPinned), ...sessions.filter(({ isPinned }) => !isPinned)];
  for (const session of order) {
    const title = nameOf(session);
    groups.set(title, [...(groups.get(title) ?? []), session]);
  }
  return [...groups].map(([title, inGroup]) => ({ title, sessions: inGroup }));
}

/** The main conversation is always about everything: what was said first in it does not name it. */
function readSession(row: Row): Session {
  const { key, label, displayName, derivedTitle, lastMessagePreview = "", updatedAt, channel } = row;
  const isMain = /^agent:[^:]+:main$/.test(key);
  const title = isMain ? t("Main") : (displayName ?? withoutFiles(derivedTitle) ?? titleOf(key, ""));
  const isPinned = "pinned" in row && row.pinned === true;
  return {
    key,
    label,
    title: label ?? title,
    names: [label, title, displayName].filter(Boolean).join("\n"),
    isPinned,
    preview: plain(lastMessagePreview),
    updatedAt: updatedAt ?? undefined,
    channel,
    model: modelId(row),
  };
}

function modelId({
  modelProvider,
  model,
}: {
  modelProvider?: string | null;
  model?: string | null;
}): string | undefined {
  if (!model || !modelProvider || model.startsWith(`${modelProvider}/`)) return model ?? undefined;
  return `${modelProvider}/${model}`;
}

/** The content of a file that was sent along is no title; a message that was nothing else is named by the file. */
function withoutFiles(title: string | undefined): string | undefined {
  return title?.replace(/(?<=.)\s*\[file [^\]]*\].*$/, "").replace(/^\[file ([^\]]*)\].*$/, "$1");
}

/** A preview is one line: without the marks of Markdown, and without line breaks. */
function plain(markdown: string): string {
  return markdown
    .replace(/^\s*(?:[-*+]|\d+[.)])\s+/gm, "")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*_`#>]+/g, "")
    .replace(/\s+/g, " ")
    .trim();
}
