// The session list as the page shows it, and the rules for session keys. Pure functions.

import { type HelloOk, isRecord } from "@moltbot/protocol";

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
}

/** A model that can be chosen; `id` is what `sessions.patch` takes. */
export interface ModelChoice {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
}

/** Reads what `sessions.list` returns. */
export function readSessions(answer: Record<string, unknown>): {
  sessions: Session[];
  defaultModel: string | undefined;
} {
  const rows = Array.isArray(answer.sessions) ? answer.sessions.filter(isRecord) : [];
  const defaults = isRecord(answer.defaults) ? answer.defaults : {};
  return { sessions: rows.map(readSession), defaultModel: modelId(defaults) };
}

/** Reads what `models.list` returns. */
export function readModels(answer: Record<string, unknown>): ModelChoice[] {
  const models = Array.isArray(answer.models) ? answer.models.filter(isRecord) : [];
  return models.map(({ id, name, provider }) => ({
    id: `${provider}/${id}`,
    name: text(name) ?? String(id),
    provider: String(provider),
  }));
}

/** The name of a session that has no row yet. */
export function titleOf(key: string, mainKey: string): string {
  if (key === mainKey) return "Main";
  const name = key.split(":").slice(2).join(" ") || key;
  return name.startsWith("chat-") ? "New conversation" : name;
}

/** One spelling for each session, as the gateway's lists use it (protocol: session keys). */
export function canonicalKey(key: string, defaults: HelloOk["snapshot"]["sessionDefaults"]): string {
  const lower = key.trim().toLowerCase();
  if (lower === "" || lower === "global" || lower === "unknown") return lower;
  const { mainKey = "main", mainSessionKey = "agent:main:main", defaultAgentId = "main" } = defaults ?? {};
  if (lower === "main" || lower === mainKey || lower === `agent:${defaultAgentId}:main`) return mainSessionKey;
  return lower.startsWith("agent:") ? lower : `agent:${defaultAgentId}:${lower}`;
}

/** The sessions whose title, text or key contains the words. */
export function searchSessions(sessions: readonly Session[], words: string): readonly Session[] {
  const wanted = words.trim().toLowerCase();
  if (wanted === "") return sessions;
  return sessions.filter(({ title, preview, key }) => `${title}\n${preview}\n${key}`.toLowerCase().includes(wanted));
}

function readSession(row: Record<string, unknown>): Session {
  const key = String(row.key);
  const label = text(row.label);
  const isMain = /^agent:[^:]+:main$/.test(key);
  const derived = text(row.displayName) ?? (isMain ? undefined : withoutFiles(text(row.derivedTitle)));
  return {
    key,
    label,
    title: label ?? derived ?? (isMain ? "Main" : titleOf(key, "")),
    preview: plain(text(row.lastMessagePreview) ?? ""),
    updatedAt: typeof row.updatedAt === "number" ? row.updatedAt : undefined,
    channel: text(row.channel) ?? text(row.lastChannel),
    model: modelId(row),
  };
}

function modelId({ modelProvider, model }: Record<string, unknown>): string | undefined {
  const name = text(model);
  const provider = text(modelProvider);
  if (name === undefined || provider === undefined || name.startsWith(`${provider}/`)) return name;
  return `${provider}/${name}`;
}

/** The content of a file that was sent along is no title; a message that was nothing else is named by the file. */
function withoutFiles(title: string | undefined): string | undefined {
  return title?.replace(/(?<=.)\s*\[file [^\]]*\].*$/, "").replace(/^\[file ([^\]]*)\].*$/, "$1");
}

/** A preview is one line: without the marks of Markdown, and without line breaks. */
function plain(markdown: string): string {
  return markdown
    .replace(/[*_`#>]+/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
