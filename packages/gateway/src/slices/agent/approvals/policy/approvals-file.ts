/**
 * The approvals file: which commands each agent may run unasked. It is in the state folder, so that profiles and tests
 * never share one. It is read at every use, written in one step, and private. A file that cannot be parsed allows
 * nothing.
 */

import { join } from "node:path";
import { defined } from "../../../../base/defined.ts";
import { GatewayError, invalidRequest, messageOf } from "../../../../base/errors.ts";
import { expandHome, readTextIfExists, writePrivateFile } from "../../../../base/files.ts";
import { newId, sha256Hex } from "../../../../base/ids.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { type Schema, validationText } from "../../../../kit/schema/validate.ts";
import { type AllowlistEntryShape, type ApprovalsFileContent, ApprovalsFileShape, type ExactRule } from "../schema.ts";
import { noteOf } from "./note.ts";
import type { AllowEntry, Ask, RuleSource, Security } from "./policy.ts";
import { isSameRule } from "./remember.ts";

/** What the file says for one agent. */
export interface FileRules extends RuleSource {
  readonly askFallback: Security;
  readonly autoAllowSkills: boolean;
  readonly allowlist: readonly AllowEntry[];
}

const SECURITY: ReadonlySet<string | undefined> = new Set([undefined, "deny", "allowlist", "full"]);
const ASK: ReadonlySet<string | undefined> = new Set([undefined, "off", "on-miss", "always"]);
/** Names of properties that every object has. */
const FORBIDDEN: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
const MAX_ENTRIES = 1_000;
/** The least time between two notes of a use, ms, because each note writes the file. */
const NOTE_MS = 60_000;
const MAX_NOTED_CHARS = 500;

export class ApprovalsFile {
  readonly path: string;
  readonly #clock: Clock;

  constructor(options: { stateDir: string; clock: Clock }) {
    this.path = join(options.stateDir, "exec-approvals.json");
    this.#clock = options.clock;
  }

  /** The file for clients, without the token of its socket. Throws `UNAVAILABLE` when it cannot be parsed. */
  snapshot() {
    const raw = readTextIfExists(this.path);
    const { socket, ...rest } = this.#parsed(raw);
    const { token: _token, ...shown } = socket ?? {};
    const noted = withEntries(rest, (entries) => entries.map((entry) => ({ ...entry, note: noteOf(entry) })));
    const file = { ...noted, ...(socket && { socket: shown }) };
    return { path: this.path, exists: raw !== undefined, hash: sha256Hex(raw ?? ""), file };
  }

  /**
   * Replaces the file; notes of use are not taken from the snapshot. Throws `INVALID_REQUEST` when the file has changed
   * since it was read, or is invalid.
   */
  set(file: ApprovalsFileContent, baseHash: string | undefined): void {
    const raw = readTextIfExists(this.path);
    if (raw !== undefined && baseHash === undefined)
      throw invalidRequest("exec approvals base hash required; re-run exec.approvals.get and retry");
    if (raw !== undefined && baseHash !== sha256Hex(raw))
      throw invalidRequest("exec approvals changed since last load; re-run exec.approvals.get and retry");
    const problem = problemOf(file);
    if (problem !== undefined) throw invalidRequest(`invalid exec approvals file: ${problem}`);
    const token = file.socket?.token ?? this.#tokenOf(raw);
    const socket = file.socket || token !== undefined ? { ...file.socket, ...defined({ token }) } : undefined;
    this.#write({ ...file, ...(socket && { socket }) });
  }

  /** The rules for an agent: its own, else those for all agents, else the defaults. Allows nothing when in doubt. */
  rulesFor(agentId: string): FileRules {
    const { defaults = {}, agents = {} } = this.#parsed(readTextIfExists(this.path));
    const own = Object.hasOwn(agents, agentId) ? agents[agentId] : undefined;
    const all = Object.hasOwn(agents, "*") ? agents["*"] : undefined;
    const said = [own, all, defaults].filter((each) => each !== undefined);
    const first = <Name extends "security" | "ask" | "askFallback" | "autoAllowSkills">(name: Name) =>
      said.find((each) => each[name] !== undefined)?.[name];
    return {
      security: first("security") as Security | undefined,
      ask: first("ask") as Ask | undefined,
      askFallback: (first("askFallback") ?? "deny") as Security,
      autoAllowSkills: first("autoAllowSkills") ?? false,
      allowlist: [own, all]
        .flatMap((each) => each?.allowlist ?? [])
        .map((entry) => ({ ...entry, pattern: expandHome(entry.pattern) })),
    };
  }

  /** All entries, each with its agent. */
  entries(): { agentId: string; entry: AllowlistEntryShape }[] {
    const { agents = {} } = this.#parsed(readTextIfExists(this.path));
    return Object.entries(agents).flatMap(([agentId, { allowlist = [] }]) =>
      allowlist.map((entry) => ({ agentId, entry: { ...entry, note: noteOf(entry) } })),
    );
  }

  /**
   * Adds entries for an agent ("*" for all). Existing entries stay; an entry for one command with other code is
   * replaced. Returns the new ones.
   */
  allow(agentId: string, entries: readonly Omit<AllowEntry, "id">[]): AllowlistEntryShape[] {
    const file = this.#parsed(readTextIfExists(this.path));
    const agents = file.agents ?? {};
    const before = (Object.hasOwn(agents, agentId) ? agents[agentId]?.allowlist : undefined) ?? [];
    const known = new Set(before.map(meaningOf));
    const fresh = entries
      .filter((entry) => !known.has(meaningOf(entry)))
      .map(({ pattern, args, exact }) => ({
        ...{ id: newId(), pattern },
        ...(args && { args: [...args] }),
        ...(exact && { exact }),
      }));
    if (fresh.length === 0) return [];
    const kept = before.filter((entry) => !fresh.some((each) => isForSameCommand(each, entry)));
    if (kept.length + fresh.length > MAX_ENTRIES)
      throw new GatewayError("UNAVAILABLE", `the allowlist has ${MAX_ENTRIES} entries already; remove some first`);
    this.#write({ ...file, agents: { ...agents, [agentId]: { ...agents[agentId], allowlist: [...kept, ...fresh] } } });
    return fresh.map((entry) => ({ ...entry, note: noteOf(entry) }));
  }

  /** Updates the surroundings of a rule from another rule for the same command and code. */
  renew(from: ExactRule, { around, ...to }: ExactRule): void {
    const { around: before, ...same } = from;
    if (around === undefined || around === before || !isSameRule(same, to)) return;
    const change = (entry: AllowlistEntryShape) =>
      entry.exact && isSameRule(entry.exact, from) ? { ...entry, exact: { ...from, around } } : entry;
    this.#write(withEntries(this.#parsed(readTextIfExists(this.path)), (entries) => entries.map(change)));
  }

  /** Removes the entries of an id, or of a pattern. Returns how many there were. */
  forget(idOrPattern: string): number {
    const file = this.#parsed(readTextIfExists(this.path));
    const isMeant = ({ id, pattern }: AllowlistEntryShape) => id === idOrPattern || pattern === idOrPattern;
    const removed = this.entries().filter(({ entry }) => isMeant(entry)).length;
    if (removed > 0) this.#write(withEntries(file, (entries) => entries.filter((entry) => !isMeant(entry))));
    return removed;
  }

  /** Notes that entries have let a command run. */
  used(entries: readonly AllowEntry[], command: string): void {
    const ids = new Set(entries.flatMap(({ id }) => id ?? []));
    const now = this.#clock.now();
    const isDue = (entry: AllowlistEntryShape) =>
      entry.id !== undefined && ids.has(entry.id) && now - (entry.lastUsedAt ?? 0) >= NOTE_MS;
    if (!this.entries().some(({ entry }) => isDue(entry))) return;
    const lastUsedCommand = command.slice(0, MAX_NOTED_CHARS);
    const noted = (entry: AllowlistEntryShape) => ({
      ...entry,
      lastUsedAt: now,
      lastUsedCommand,
      lastResolvedPath: entry.pattern,
    });
    this.#write(
      withEntries(this.#parsed(readTextIfExists(this.path)), (each) =>
        each.map((entry) => (isDue(entry) ? noted(entry) : entry)),
      ),
    );
  }

  #parsed(raw: string | undefined): ApprovalsFileContent {
    if (raw === undefined) return { version: 1, agents: {} };
    let value: unknown;
    try {
      value = JSON.parse(raw);
    } catch (error) {
      throw this.#unreadable(messageOf(error));
    }
    const problem = problemOf(value);
    if (problem !== undefined) throw this.#unreadable(problem);
    return value as ApprovalsFileContent;
  }

  #unreadable(problem: string): GatewayError {
    const file = "exec-approvals.json in the state folder";
    return new GatewayError(
      "UNAVAILABLE",
      `no command runs: ${file} cannot be understood (${problem}); mend or remove it`,
    );
  }

  #tokenOf(raw: string | undefined): string | undefined {
    return this.#parsed(raw).socket?.token;
  }

  #write(file: ApprovalsFileContent): void {
    const kept = withEntries(file, (entries) => entries.map(({ note: _note, ...entry }) => entry));
    writePrivateFile(this.path, `${JSON.stringify(kept, null, 2)}\n`);
  }
}

/** The meaning of an entry as a text; equal entries give equal texts. */
function meaningOf({ pattern, args, exact }: Omit<AllowEntry, "id">): string {
  return JSON.stringify([pattern, args ?? null, exact ?? null]);
}

function isForSameCommand({ exact: a }: Omit<AllowEntry, "id">, { exact: b }: Omit<AllowEntry, "id">): boolean {
  return a !== undefined && a.command === b?.command && a.cwd === b.cwd && a.background === b.background;
}

function withEntries(
  file: ApprovalsFileContent,
  change: (entries: readonly AllowlistEntryShape[]) => AllowlistEntryShape[],
): ApprovalsFileContent {
  if (file.agents === undefined) return file;
  const agents = Object.entries(file.agents).map(
    ([id, agent]) => [id, agent.allowlist ? { ...agent, allowlist: change(agent.allowlist) } : agent] as const,
  );
  return { ...file, agents: Object.fromEntries(agents) };
}

/** The problem of a file, in words for a person; undefined when there is none. */
function problemOf(file: unknown): string | undefined {
  const text = validationText(ApprovalsFileShape as Schema, file);
  if (text !== undefined) return text.slice(0, 300);
  const { defaults = {}, agents = {} } = file as ApprovalsFileContent;
  for (const [name, { security, ask, askFallback }] of [["defaults", defaults] as const, ...Object.entries(agents)]) {
    if (FORBIDDEN.has(name)) return "an agent has a name that cannot be used";
    const where = name.slice(0, 64);
    if (!SECURITY.has(security)) return `security of ${where} must be deny, allowlist or full`;
    if (!ASK.has(ask)) return `ask of ${where} must be off, on-miss or always`;
    if (!SECURITY.has(askFallback)) return `askFallback of ${where} must be deny, allowlist or full`;
  }
  return undefined;
}
