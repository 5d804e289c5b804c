/**
 * Runs that other runs have started: of a sub-agent, or in another conversation. A conversation that does not wait is
 * told of the end once, whatever restarts in between.
 */

import { createHash } from "node:crypto";
import { detailOf, GatewayError } from "../../../../base/errors.ts";
import { insertInto } from "../../../../base/store/statement.ts";
import { onAbort, within } from "../../../../base/time/deadline.ts";
import type { Port } from "../../../../kit/port.ts";
import type { ToolLimits, ToolRun } from "../../../../kit/tool.ts";
import { textOf } from "../../../core/sessions/sessions.ts";
import type { Approving } from "../approving.ts";
import { acceptedOf } from "../run/known-run.ts";
import type { Run, RunResult } from "../run/run.ts";
import type { AbortReason, RunOutcome, RunRecord, RunRequest } from "../run/run-store.ts";
import type { RunObserver, Runs } from "../runs.ts";
import type { AgentServices } from "../services.ts";
import type { Toolbox } from "../toolbox/toolbox.ts";
import { announcement, type DelegationKind } from "./delegation-text.ts";

/** The work that a run delegates. */
export interface NewDelegation {
  readonly kind: DelegationKind;
  readonly parent: ToolRun;
  /** The call that asks; a repeated call finds the run that it has started. */
  readonly callId: string;
  /** Canonical. */
  readonly sessionKey: string;
  /** The name for people. */
  readonly label: string;
  readonly message: string;
  readonly request: Pick<RunRequest, "timeoutMs" | "thinking" | "extraSystemPrompt" | "depth" | "hops">;
  /** Further limits on the new run, beside those of the run that starts it. */
  readonly limits?: readonly ToolLimits[] | undefined;
  /** Whether its end is told to the conversation of the run that started it. */
  readonly isAnnounced: boolean;
}

interface Row {
  readonly runId: string;
  readonly kind: DelegationKind;
  readonly parentRun: string;
  readonly parentSession: string;
  readonly sessionKey: string;
  readonly label: string;
}

const COLUMNS =
  "run_id as runId, kind, parent_run as parentRun, parent_session as parentSession, session_key as sessionKey, label";
/** The words for delegated work. */
const TASK = { spawn: "task", send: "agent" } as const;
const RETRY_MS = 5_000;

/** The agent whose runs delegate. */
interface DelegatingAgent {
  readonly runs: Runs;
  readonly toolbox: Toolbox;
  readonly approvals: Port<Approving>;
}

export class Delegations implements RunObserver {
  readonly #services: AgentServices;
  readonly #agent: DelegatingAgent;
  #retry: Disposable | undefined;
  #isStopped = false;

  constructor(services: AgentServices, agent: DelegatingAgent) {
    this.#services = services;
    this.#agent = agent;
  }

  /** The id of the run that a call starts; it follows from the call. */
  idOf(kind: DelegationKind, { id }: Pick<ToolRun, "id">, callId: string): string {
    return `${kind}-${createHash("sha256").update(`${id}\n${callId}`).digest("hex").slice(0, 32)}`;
  }

  /** Starts a run, or finds the one that the call has started; returns its id. Throws what `Runs.accept` throws. */
  start(delegation: NewDelegation): string {
    const { kind, parent, callId, sessionKey, label, message, request, limits = [], isAnnounced } = delegation;
    const id = this.idOf(kind, parent, callId);
    const { runs } = this.#agent;
    if (runs.known(id)) return id;
    const { principal, ...starter } = parent.starter;
    runs.accept(
      {
        ...{ id, source: "tool", principal, sessionKey },
        request: { ...request, ...this.#handedOn(parent, limits), message, starter },
        content: [{ type: "text", text: message, from: { kind: TASK[kind], id: parent.sessionKey } }],
      },
      () =>
        this.#services.store.run(
          ...insertInto("delegations", {
            ...{ run_id: id, kind, label },
            parent_run: parent.id,
            parent_session: parent.sessionKey,
            session_key: sessionKey,
            told: isAnnounced ? "wanted" : "no",
          }),
        ),
    );
    return id;
  }

  /**
   * The limits that a run passes to every run that works for it: all rules that apply to it, wherever the other one
   * works. They are stored with the request, so that no restart loses them. Rights can only shrink on the way.
   */
  #handedOn(parent: ToolRun, limits: readonly ToolLimits[]): Pick<RunRequest, "limits" | "execRules" | "isOverheard"> {
    const { security, ask } = this.#agent.approvals.now.rulesFor(parent);
    const handed = [...this.#agent.toolbox.limitsOf(parent), ...limits];
    return {
      ...(handed.length > 0 && { limits: handed }),
      execRules: { security, ask },
      ...(!this.#services.workspace.isAlone(parent) && { isOverheard: true }),
    };
  }

  /**
   * Waits for a run to end, at most `limitMs`; undefined when it goes on. When the waiting run is stopped, the other
   * one is stopped too if `isOwn`. When the gateway stops, both are left to go on. Throws the signal's reason.
   */
  async wait(
    runId: string,
    parent: ToolRun,
    { signal, limitMs, isOwn }: { signal: AbortSignal; limitMs?: number; isOwn: boolean },
  ): Promise<RunResult | undefined> {
    const { runs } = this.#agent;
    const known = runs.known(runId);
    if (!known) throw new GatewayError("UNAVAILABLE", "the run that was started is not known any more");
    using _place = runs.lend(parent.id);
    using _stopped = onAbort(signal, () => {
      const waiting = runs.known(parent.id);
      const reason = waiting?.kind === "open" ? waiting.run.abortReason : "stop";
      if (isOwn && reason !== undefined && known.kind === "open") runs.abort(known.run, reason);
    });
    const { finished } = acceptedOf(known);
    if (limitMs === undefined) return await within(finished, { signal });
    return await within(finished, { ms: limitMs, clock: this.#services.clock, signal });
  }

  /** Has the end of a run announced that was waited for so far; at once when it has ended already. */
  announce(runId: string): void {
    const told = this.#agent.runs.known(runId)?.kind === "ended" ? "due" : "wanted";
    this.#services.store.run("update delegations set told = ? where run_id = ? and told = 'no'", told, runId);
    if (told === "due") this.tellAll();
  }

  /** How many runs of a kind a run has started, all or those in one conversation. */
  count(kind: DelegationKind, parentRun: string, sessionKey?: string): number {
    return this.#services.store.get<{ n: number }>(
      "select count(*) as n from delegations where parent_run = ?1 and kind = ?2 and (?3 is null or session_key = ?3)",
      ...[parentRun, kind, sessionKey ?? null],
    )!.n;
  }

  /** Ends the sub-agents that work for a conversation, and theirs; returns how many. */
  abortUnder(sessionKey: string, reason: AbortReason): number {
    const runs = this.#openUnder(sessionKey);
    for (const run of runs) this.#agent.runs.abort(run, reason);
    return runs.length;
  }

  #openUnder(sessionKey: string): Run[] {
    const { sessions } = this.#services;
    return this.#agent.runs
      .open()
      .filter(
        ({ record }) => record.sessionKey !== sessionKey && sessions.lineOf(record.sessionKey).includes(sessionKey),
      );
  }

  /** Handles the end of a run, within the transaction that records it. */
  ended({ id }: RunRecord, outcome: RunOutcome): void {
    if (outcome.kind === "merged") return;
    // The person who stopped it knows.
    const told = outcome.kind === "aborted" && outcome.reason !== "timeout" ? "done" : "due";
    const { changes } = this.#services.store.run(
      "update delegations set told = ? where run_id = ? and told = 'wanted'",
      told,
      id,
    );
    if (changes > 0 && told === "due") setImmediate(() => this.tellAll());
  }

  /** Announces every end that has not been announced. */
  tellAll(): void {
    if (this.#isStopped) return;
    const due = this.#services.store.all<Row>(`select ${COLUMNS} from delegations where told = 'due' order by rowid`);
    try {
      for (const row of due) this.#tell(row);
    } catch (error) {
      this.#services.log.warn("the end of a delegated run cannot be told yet", { problem: detailOf(error) });
      this.#retry?.[Symbol.dispose]();
      this.#retry = this.#services.clock.after(RETRY_MS, () => this.tellAll());
    }
  }

  /**
   * Sends the announcement to the conversation that asked, on behalf of its starter. It is sent once, because its run's
   * id is taken then.
   */
  #tell(row: Row): void {
    const { runs } = this.#agent;
    const { store, sessions } = this.#services;
    const done = () => void store.run("update delegations set told = 'done' where run_id = ?", row.runId);
    const id = `told-${row.runId}`;
    const child = runs.record(row.runId);
    const known = runs.known(row.runId);
    // A deleted conversation is not created again for it.
    const isGone = sessions.get(row.parentSession) === undefined;
    if (isGone || runs.known(id) || !child || known?.kind !== "ended") return done();
    const parent = runs.record(row.parentRun)?.request;
    // A call outside a run (`/tools/invoke`), or of long ago, has no record; then use the child's own limits.
    const { spelledKey, deliver, limits, execRules, isOverheard, depth, timeoutMs } = parent ?? child.request;
    const { starter, hops } = child.request;
    const content = announcement(row, known.result);
    runs.accept(
      {
        ...{ id, source: "tool", principal: child.principal, sessionKey: row.parentSession },
        request: {
          ...{ starter, spelledKey, deliver, limits, depth, timeoutMs, hops, message: textOf(content.slice(0, 1)) },
          ...(execRules && { execRules }),
          ...(isOverheard && { isOverheard }),
        },
        content,
      },
      done,
    );
  }

  /** Stops; the rest is announced after the next start. */
  [Symbol.dispose](): void {
    this.#isStopped = true;
    this.#retry?.[Symbol.dispose]();
  }
}
