/** Maps conversations to sessions of external agents. The mapping survives restarts of both. */
import type { AgentServices } from "../services.ts";
import type { AcpLink } from "./link.ts";

/** A session that is open now. */
export interface OpenSession {
  readonly id: string;
  /** Whether the agent knows the earlier messages. */
  readonly remembers: boolean;
}

/** How long a mapping is kept, ms; agents also drop old sessions. */
const KEPT_MS = 90 * 24 * 3600_000;

export class AcpSessions {
  readonly #services: AgentServices;
  /** Sessions that each running program has open, by conversation. */
  readonly #open = new WeakMap<AcpLink, Map<string, string>>();

  constructor(services: AgentServices) {
    this.#services = services;
  }

  /**
   * The agent's session of a conversation: the open one, the earlier one loaded again, or a new one. Throws
   * `UNAVAILABLE`.
   */
  async open(
    link: AcpLink,
    { sessionId, agentId, cwd }: { sessionId: string; agentId: string; cwd: string },
  ): Promise<OpenSession> {
    const { store, clock } = this.#services;
    const open = this.#open.get(link) ?? new Map<string, string>();
    this.#open.set(link, open);
    const known = open.get(sessionId);
    if (known !== undefined) return { id: known, remembers: true };
    const row = store.get<{ id: string }>(
      "select acp_session_id as id from acp_sessions where session_id = ? and agent_id = ?",
      ...[sessionId, agentId],
    );
    const isLoaded = row !== undefined && (await link.loadSession(row.id, cwd));
    const id = isLoaded ? row.id : await link.newSession(cwd);
    open.set(sessionId, id);
    store.run("delete from acp_sessions where at < ?", clock.olderThan(KEPT_MS));
    store.run(
      "insert or replace into acp_sessions (session_id, agent_id, acp_session_id, at) values (?, ?, ?, ?)",
      ...[sessionId, agentId, id, clock.now()],
    );
    return { id, remembers: isLoaded };
  }
}
