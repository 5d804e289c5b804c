/** The index of conversations: one row for each canonical key, and the transcript behind it. */

import type { Bus } from "../../../base/bus.ts";
import type { Settings } from "../../../base/config/config.ts";
import type { Config } from "../../../base/config/config-file.ts";
import { invalidRequest } from "../../../base/errors.ts";
import { newId } from "../../../base/ids.ts";
import { insertInto, named } from "../../../base/store/statement.ts";
import type { Store } from "../../../base/store/store.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { ManyPort, Port } from "../../../kit/port.ts";
import { type Agents, normalAgentId } from "../agents/agents.ts";
import { Adoption } from "./adopt.ts";
import { agentIdOf, canonicalKey, isSubagentKey, type KeyDefaults, mainSessionKey } from "./key.ts";
import { Media } from "./media.ts";
import { type BeginReason, Past } from "./messages/past.ts";
import { Transcript } from "./messages/transcript.ts";
import { applyLevels, checkSpawnedBy, type SessionPatch } from "./patch.ts";
import { type Expiry, expiryOf, resetPolicy } from "./reset-policy.ts";
import { SessionList } from "./session-list.ts";
import type { ModelsOfSessions, RunOutcome, RunsOfSessions } from "./session-ports.ts";
import { COLUMNS, detailsOf, type Route, type Row, type Session, toSession } from "./session-rows.ts";
import { SessionViews } from "./session-views.ts";
import { type SessionSettings, session } from "./settings.ts";
import { UnattendedSessions } from "./unattended-sessions.ts";
import { Watchers } from "./watchers.ts";

/** Functions on keys that slices below use. */
export { agentIdOf, isCronKey, isSubagentKey, kindOf } from "./key.ts";
export { textOf } from "./messages/stored-message.ts";

/** The form of ids that clients choose: no characters with a meaning in a path, a key or a sentence. */
const SESSION_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** The model name of messages that models are not shown: the gateway's own words. */
const NOTES = "moltbot";
const MAX_LINE = 16;
/** The most sessions that are kept in memory between two writes. */
const MAX_KNOWN = 64;

export class Sessions {
  /** Filled by models. */
  readonly models = new Port<ModelsOfSessions>({
    refOf: (name) => name,
    modelNameOf: () => undefined,
    sessionDefaults: () => ({ modelProvider: null, model: null, contextTokens: null }),
  });
  /** Filled by the agent. */
  readonly runs = new Port<RunsOfSessions>({ whenIdle: async () => true });
  /** The requests of a conversation that wait for a decision, for the wire. Filled by approvals. */
  readonly approvals = new Port<{ waitingIn(sessionKey: string): unknown[] }>({ waitingIn: () => [] });
  /** Told of a conversation that is deleted, in the transaction that does it; must not throw. */
  readonly deletions = new ManyPort<{ deleted(sessionKey: string): void }>();
  readonly transcript: Transcript;
  readonly past: Past;
  readonly adoption: Adoption;
  readonly unattended: UnattendedSessions;
  readonly media: Media;
  /** Finds conversations. */
  readonly all: SessionList;
  /** Conversations as the wire says them. */
  readonly views: SessionViews;
  /** Tells subscribers of changes of conversations. */
  readonly watchers: Watchers;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #agents: Agents;
  readonly #session: Settings<SessionSettings>;
  /** The sessions that were read since the last write. */
  #known = { writes: -1, sessions: new Map<string, Session>() };

  constructor(base: { stateDir: string; store: Store; clock: Clock; bus: Bus; config: Config; agents: Agents }) {
    this.media = new Media(base.stateDir);
    this.transcript = new Transcript({ ...base, media: this.media });
    this.past = new Past({ ...base, transcript: this.transcript });
    this.adoption = new Adoption({ ...base, transcript: this.transcript });
    this.unattended = new UnattendedSessions(base.store);
    this.#store = base.store;
    this.#clock = base.clock;
    this.#agents = base.agents;
    this.#session = base.config.of(session);
    this.all = new SessionList(base, this);
    this.views = new SessionViews(this);
    this.watchers = new Watchers(base, this);
    this.transcript.onAppend = (where, message) => this.watchers.said(where, message);
  }

  /** The session section as it is now. */
  get settings(): SessionSettings {
    return this.#session.current;
  }

  /** What keys depend on, as the settings are now. */
  get defaults(): KeyDefaults {
    const { scope, mainKey } = this.#session.current;
    return { scope, mainKey, defaultAgentId: this.#agents.defaultId };
  }

  /** The key of the default agent's, or another agent's, main conversation. */
  mainKey(agentId?: string): string {
    return mainSessionKey(agentId ?? this.defaults.defaultAgentId, this.defaults);
  }

  /** The canonical form of a key. Throws `INVALID_REQUEST` when it is not one. */
  canonical(key: string): string {
    return canonicalKey(key, this.defaults);
  }

  /**
   * The canonical form of a key beside which an agent may be named: a key without an agent is that agent's. Throws
   * `INVALID_REQUEST` when there is no such agent, or the key names another.
   */
  keyOf(spelled: string, agentId: string | undefined): string {
    if (agentId === undefined) return this.canonical(spelled);
    const id = normalAgentId(agentId);
    if (!this.#agents.ids().includes(id)) throw invalidRequest(`unknown agent id "${agentId.slice(0, 100)}"`);
    const key = canonicalKey(spelled, { ...this.defaults, defaultAgentId: id });
    const ofKey = agentIdOf(key);
    if (ofKey !== undefined && ofKey !== id)
      throw invalidRequest(`agent "${id}" does not match session key agent "${ofKey}"`);
    return key;
  }

  /** The agent that answers in a conversation. */
  agentOf(key: string): string {
    return agentIdOf(key) ?? this.defaults.defaultAgentId;
  }

  /** A conversation and the chain of conversations that started it, for sub-agents. */
  lineOf(key: string): string[] {
    const line = [key];
    for (let above = this.#parentOf(key); above !== undefined && line.length < MAX_LINE; above = this.#parentOf(above))
      line.push(above);
    return line;
  }

  #parentOf(key: string): string | undefined {
    return isSubagentKey(key) ? this.get(key)?.levels.spawnedBy : undefined;
  }

  /** A new transcript id, for when nobody has chosen one. */
  newId(): string {
    return newId();
  }

  /** The session of a canonical key, or undefined. A run asks many times between two writes; the row is read once. */
  get(key: string): Session | undefined {
    const { isInTransaction, writes } = this.#store;
    // What is read in a transaction may be taken back, and nothing counts that.
    if (isInTransaction) return this.#read(key);
    if (this.#known.writes !== writes) this.#known = { writes, sessions: new Map() };
    const { sessions } = this.#known;
    const known = sessions.get(key);
    if (known) return known;
    const session = this.#read(key);
    if (sessions.size >= MAX_KNOWN) sessions.clear();
    if (session) sessions.set(key, session);
    return session;
  }

  #read(key: string): Session | undefined {
    const row = this.#store.get<Row>(`select ${COLUMNS} from sessions where key = ?`, key);
    return row && toSession(row);
  }

  byId(sessionId: string): Session | undefined {
    const row = this.#store.get<Row>(`select ${COLUMNS} from sessions where session_id = ?`, sessionId);
    return row && toSession(row);
  }

  /**
   * The session of a canonical key; creates it with this id when there is none. Counts as activity, which brings an
   * archived session back.
   */
  ensure(key: string, sessionId: string = newId()): Session {
    const now = this.#clock.now();
    this.#store.run(
      ...insertInto(
        "sessions",
        { key, session_id: sessionId, agent_id: agentIdOf(key), created_at: now, updated_at: now },
        "on conflict (key) do update set updated_at = excluded.updated_at, details = json_remove(details, '$.archived')",
      ),
    );
    const session = this.get(key)!;
    // A conversation that was there has kept its id; two calls may come in one millisecond.
    if (session.sessionId === sessionId) this.watchers.changed(key, { reason: "create" });
    return session;
  }

  /**
   * The conversation of an id. An unknown id opens a new conversation, of the named agent or the default one (protocol:
   * agent, sessionId). Throws `INVALID_REQUEST` for an invalid id.
   */
  open(sessionId: string, agentId = this.defaults.defaultAgentId): Session {
    const known = this.byId(sessionId) ?? this.get(explicitKey(agentId, sessionId));
    if (known) return known;
    if (!SESSION_ID.test(sessionId))
      throw invalidRequest(
        `invalid session id ${JSON.stringify(sessionId.slice(0, 40))}: use up to 128 letters, digits, ".", "_" and "-"`,
      );
    return this.ensure(this.canonical(explicitKey(agentId, sessionId)), sessionId);
  }

  /** Changes what is set for a session; makes it when there is none. Throws `INVALID_REQUEST` with the rule that is broken. */
  patch(key: string, patch: SessionPatch): Session {
    return this.#store.transaction(() => {
      const wasArchived = this.get(key)?.archived ?? false;
      const before = this.ensure(key);
      checkSpawnedBy(before, patch.spawnedBy);
      const levels = applyLevels(before.levels, patch);
      const label = patch.label === undefined ? before.label : (patch.label?.trim() ?? undefined);
      if (label !== undefined && label !== before.label) this.#requireFreeLabel(label);
      const pinned = patch.pinned === undefined ? before.pinned : patch.pinned === true;
      const archived = patch.archived === undefined ? wasArchived : patch.archived === true;
      this.#saveDetails(key, { ...detailsOf(before), levels, pinned, archived });
      this.#store.run("update sessions set label = ? where key = ?", label ?? null, key);
      this.watchers.changed(key, { reason: "patch" });
      return this.get(key)!;
    });
  }

  /** Begins a new transcript; what is set for the session stays. The old messages stay searchable. */
  reset(key: string, reason: BeginReason = "reset"): Session {
    return this.#store.transaction(() => {
      const before = this.ensure(key);
      const sessionId = newId();
      this.#store.run(
        "update sessions set session_id = ?, input_tokens = 0, output_tokens = 0, total_tokens = 0 where key = ?",
        sessionId,
        key,
      );
      this.past.begin(key, sessionId, reason);
      this.#saveDetails(key, { ...detailsOf(before), abortedLastRun: false });
      this.watchers.changed(key, { reason: reason === "new" ? "new" : "reset" });
      return this.get(key)!;
    });
  }

  /** Begins a conversation anew when its time is over; the new transcript says so. Returns the reason, if it did. */
  resetIfExpired(key: string, channel: string): Expiry | undefined {
    const before = this.get(key);
    const lastAt = before && this.transcript.lastAt(before.sessionId);
    if (lastAt === undefined || isSubagentKey(key)) return undefined;
    const policy = resetPolicy(this.settings, { key, channel });
    const why = expiryOf(policy, lastAt, this.#clock.olderThan(0));
    if (why === undefined) return undefined;
    const { sessionId } = this.reset(key, why);
    const when =
      why === "idle" ? `nothing was said for ${policy.idleMinutes} minutes` : `it was past ${policy.atHour}:00`;
    this.transcript.append(
      { key, sessionId },
      {
        role: "system",
        content: [{ type: "text", text: `A new conversation: ${when}. The old one can still be searched.` }],
        ...{ provider: NOTES, model: "notes", runId: `reset-${sessionId}` },
      },
    );
    return why;
  }

  /** Deletes a session and, unless `keepTranscript`, everything said in it. Throws for an agent's main session. */
  delete(key: string, { keepTranscript = false }: { keepTranscript?: boolean } = {}): boolean {
    this.requireDeletable(key);
    return this.#store.transaction(() => {
      if (!keepTranscript) {
        this.transcript.deleteAll(key);
        this.past.deleteAll(key);
      }
      for (const each of this.deletions) each.deleted(key);
      const isDeleted = this.#store.run("delete from sessions where key = ?", key).changes > 0;
      if (isDeleted) this.watchers.changed(key, { reason: "delete" });
      return isDeleted;
    });
  }

  /** Throws `INVALID_REQUEST` when the key names an agent's main session. */
  requireDeletable(key: string): void {
    const agentId = agentIdOf(key);
    if (key === this.mainKey() || (agentId && key === this.mainKey(agentId))) {
      throw invalidRequest(`Cannot delete the main session (${key}).`);
    }
  }

  /** Notes where a conversation takes place; makes the session when there is none. */
  noteRoute(key: string, route: Route): void {
    const before = this.get(key) ?? this.ensure(key);
    if (JSON.stringify(before.route) === JSON.stringify(route)) return;
    this.#saveDetails(key, { ...detailsOf(before), route });
  }

  /** Notes how full the model's window is, when that changes without a run. */
  noteContext(key: string, totalTokens: number): void {
    this.#store.run("update sessions set total_tokens = ? where key = ?", totalTokens, key);
  }

  /** Notes how a run ended. */
  noteRun(key: string, { sessionId, model, usage, aborted }: RunOutcome): void {
    const before = this.get(key);
    if (before?.sessionId !== sessionId) return;
    this.#saveDetails(key, { ...detailsOf(before), lastModel: model ?? before.lastModel, abortedLastRun: aborted });
    this.#store.run(
      ...named(
        `update sessions set updated_at = :now, input_tokens = input_tokens + :input,
           output_tokens = output_tokens + :output, total_tokens = :total where key = :key`,
        {
          key,
          now: this.#clock.now(),
          input: usage?.input ?? 0,
          output: usage?.output ?? 0,
          total: usage?.totalTokens ?? before.totalTokens,
        },
      ),
    );
  }

  #saveDetails(key: string, details: ReturnType<typeof detailsOf>): void {
    this.#store.run(
      "update sessions set details = ?, updated_at = ? where key = ?",
      JSON.stringify(details),
      this.#clock.now(),
      key,
    );
  }

  #requireFreeLabel(label: string): void {
    if (label === "") throw invalidRequest("label must not be blank");
    if (this.#store.get("select 1 from sessions where label = ?", label))
      throw invalidRequest(`label already in use: ${label}`);
  }
}

/** The key of a conversation that is known by an id alone. */
function explicitKey(agentId: string, sessionId: string): string {
  return `agent:${normalAgentId(agentId)}:explicit:${sessionId.toLowerCase()}`;
}
