/** What the answers of a running gateway say of its health, for `doctor`. */
import type { HealthSummary, Methods } from "@moltbot/protocol";
import { isRecord } from "../../base/config/config.ts";
import { accountName } from "../channels/known.ts";
import { isBroken, type NamedAccount, problemsOf, stateOf } from "../channels/show.ts";
import { ago, printable } from "../terminal/render.ts";
import type { Finding } from "./finding.ts";
import { machineProblems } from "./machine-health.ts";

type Approved = Methods["pairing.list"]["result"]["approved"][number];
/** Settings as they stand in the file. */
type Tree = Readonly<Record<string, unknown>>;

/** A copy that is older is too old. */
const OLD_COPY_MS = 7 * 86_400_000;

/** What the gateway says of its database. */
export function databaseOfHealth({ ok, problem, copiedAt }: HealthSummary["database"]): Finding {
  const subject = "database";
  if (problem !== undefined) return { level: ok ? "warn" : "fail", subject, ...firstSentence(problem) };
  const says = copiedAt === undefined ? "Well; not copied yet" : `Well; copied ${ago(copiedAt)}`;
  if (copiedAt !== undefined && Date.now() - copiedAt > OLD_COPY_MS)
    return {
      level: "warn",
      subject,
      says,
      fix: "It is copied daily where there is room; look with `moltbot logs --word copy`",
    };
  return { level: "ok", subject, says };
}

/** A backup of this age is old, ms. */
const OLD_BACKUP_MS = 7 * 24 * 3_600_000;

/** What the gateway says of its backups; one of before this version says nothing. */
export function checkBackup({ at, off, problem }: Partial<HealthSummary["backup"]> = {}): Finding {
  const subject = "backup";
  const fix = "Make one now: `moltbot backup now`";
  if (problem !== undefined) return { level: "warn", subject, ...firstSentence(problem) };
  if (at !== undefined && Date.now() - at > OLD_BACKUP_MS)
    return { level: "warn", subject, says: `The newest was made ${ago(at)}; that is old`, fix };
  if (at !== undefined) return { level: "ok", subject, says: `The newest was made ${ago(at)}` };
  if (off !== true) return { level: "ok", subject, says: "None yet; the first is made soon" };
  return { level: "warn", subject, says: "There is none, and none is made by itself", fix };
}

/** A node that is of no use until somebody approves it. */
export function nodeFinding(request: Methods["node.pair.list"]["result"]["pending"][number]): Finding {
  const { requestId, nodeId, displayName, kind, commands = [] } = request;
  const name = displayName ?? nodeId.slice(0, 12);
  const says = {
    device: `${name} wants to be a node`,
    commands: `${name} is connected; its commands wait for approval: ${commands.join(", ")}`,
    token: `${name} asks for a token, as nodes of January 2026 do`,
  };
  return { level: "warn", subject: "node", says: says[kind], fix: `\`moltbot nodes approve ${requestId}\`` };
}

/**
 * People who were let in and share the owner's main conversation: the model tells them what it has read there. Nothing is said
 * while no owner is named: those who were let in may all be the owner.
 */
export function sharedConversation(approved: readonly Approved[], values: unknown): Finding[] {
  const config = isRecord(values) ? values : {};
  const { dmScope = "main" } = (config.session ?? {}) as { readonly dmScope?: unknown };
  const owners = ownersIn(config);
  const guests = approved.filter(({ id }) => !owners.some((owner) => owner === id || owner.endsWith(`:${id}`)));
  const [first] = guests;
  if (dmScope !== "main" || owners.length === 0 || first === undefined) return [];
  const name = printable(first.name ?? first.id);
  const who = guests.length === 1 ? `${name} shares` : `${name} and ${guests.length - 1} more share`;
  return [
    {
      ...{
        level: "warn",
        subject: "privacy",
        says: `${who} your main conversation, and may be told what you said in it`,
      },
      fix: "Give each person their own: `moltbot config set session.dmScope per-channel-peer`",
    },
  ];
}

/** Who owns accounts of channels, as the settings name them. */
function ownersIn({ channels }: Tree): string[] {
  const ofChannel = (values: unknown): string[] => {
    const { owners = [], accounts = {} } = (values ?? {}) as { owners?: unknown; accounts?: object };
    const own = (Array.isArray(owners) ? owners : [owners]).map(String);
    return [...own, ...Object.values(accounts ?? {}).flatMap(ofChannel)];
  };
  return Object.values((channels ?? {}) as Tree).flatMap(ofChannel);
}

/** A name in a setting where only an id has an effect. */
export function nameFinding({ says, fix }: { readonly says: string; readonly fix: string }): Finding {
  return { level: "warn", subject: "config", says, fix };
}

/** What the gateway says of its machine: a full disk, the clock. */
export function checkMachine(health: HealthSummary): Finding[] {
  const problems = machineProblems(health).map((problem) => ({ level: "fail", ...problem }) as const);
  if (problems.length > 0) return problems;
  return [{ level: "ok", subject: "machine", says: "Files can be written, and nothing says that the clock is wrong" }];
}

/** Whether there is a model that can answer. */
export function checkModels(models: readonly { readonly id: string }[]): Finding {
  const subject = "model";
  if (models.length > 0)
    return {
      level: "ok",
      subject,
      says: `${models.length === 1 ? "1 model" : `${models.length} models`} to choose from`,
    };
  return {
    level: "warn",
    subject,
    says: "No model is connected; the built-in commands answer",
    fix: "Connect one with `moltbot models auth anthropic`, or find one on this machine with `moltbot models scan`",
  };
}

/** How an account of a channel is doing. */
export function checkAccount(named: NamedAccount): Finding {
  const { label, account } = named;
  const says = `${accountName(label, account.accountId)} is ${stateOf(account)}`;
  const subject = "channel";
  const fix = problemsOf(named).join(" ");
  if (fix === "") return { level: "ok", subject, says };
  return { level: isBroken(account) ? "fail" : "warn", subject, says, fix };
}

/** Splits a sentence into the problem and its solution. */
function firstSentence(text: string): { says: string; fix?: string } {
  const [, says = text, fix = ""] = /^(.*?[.:]) (.*)$/s.exec(text) ?? [];
  return { says: says.slice(0, -1), ...(fix !== "" && { fix: `${fix.charAt(0).toUpperCase()}${fix.slice(1)}` }) };
}
