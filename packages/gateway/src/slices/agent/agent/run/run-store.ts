/** The rows of runs: request, progress and end. */

import { newMark } from "../../../../base/ids.ts";
import { insertInto } from "../../../../base/store/statement.ts";
import type { Store } from "../../../../base/store/store.ts";
import { ROWS_PER_STEP } from "../../../../base/store/store-upkeep.ts";
import { stored } from "../../../../base/store/stored.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { Words } from "../../../../kit/text/framing.ts";
import type { ExecRules, ToolLimits } from "../../../../kit/tool.ts";
import type { Thinking, Usage } from "../../models/port.ts";

/** The name of the built-in agent's replies in transcripts and events. */
export const BUILTIN = { provider: "moltbot", model: "commands" } as const;

/**
 * What started a run: a method, whose idempotency key is its id; a message over a channel; another run, by a tool; a call
 * of another program; a heartbeat; a job whose time has come; a button on the canvas.
 */
export type RunSource = "agent" | "chat.send" | "channel" | "tool" | "hook" | "heartbeat" | "cron" | "canvas";

/** The channel target of a reply, beside the transcript. */
export interface DeliverTo {
  readonly channel: string;
  readonly account: string;
  readonly chat: { readonly id: string; readonly threadId?: string | undefined };
}

/** The starter of a run with their rights at that time: a resumed run may do no more. */
export interface Starter {
  readonly principal: string;
  readonly scopes: readonly string[];
  readonly name: string;
  readonly deviceId?: string | undefined;
  /** Over a channel: every id that the platform proves to be this person's, as "channel:id". */
  readonly ids?: readonly string[] | undefined;
  /** The time zone that their client names; nobody has checked it. */
  readonly timeZone?: string | undefined;
}

/** The request of a run, beside the message in the transcript. */
export interface RunRequest {
  /** The session key as the caller spelled it; events repeat it. */
  readonly spelledKey?: string | undefined;
  readonly message: string;
  /** The mark in the texts for the run's model; it is kept for a resumed run. */
  readonly mark?: string | undefined;
  readonly timeoutMs: number;
  readonly thinking?: Thinking | undefined;
  /** The model of this run alone, as `provider/id`; that of the conversation when absent. */
  readonly model?: string | undefined;
  /** The models that answer when the first one cannot; those of the agent when absent. */
  readonly fallbacks?: readonly string[] | undefined;
  readonly extraSystemPrompt?: string | undefined;
  readonly deliver?: DeliverTo | undefined;
  /** Which tools it may use beside what the settings say. */
  readonly limits?: readonly ToolLimits[] | undefined;
  /** How many runs stand above a sub-agent's. */
  readonly depth?: number | undefined;
  /** The number of conversations that the request has passed through. */
  readonly hops?: number | undefined;
  /** The beginnings of messages that were left out because too many waited; earlier versions stored the text alone. */
  readonly omitted?: readonly (string | Words)[] | undefined;
  /** The rules for commands of the run that it works for. */
  readonly execRules?: ExecRules | undefined;
  /** The run of a heartbeat. Messages of people never join it. */
  readonly isHeartbeat?: true | undefined;
  /** Whether others than the owner read its answer; private notes are then hidden from it. */
  readonly isOverheard?: boolean | undefined;
  readonly starter: Omit<Starter, "principal">;
}

/** Why a run was ended from outside: by a person, by its time limit, by a newer message, or because too many waited. */
export type AbortReason = "rpc" | "stop" | "timeout" | "interrupt" | "dropped";

/** How a run ended; one that was merged is answered by another run, which knows the rest. */
export type RunOutcome = {
  readonly text: string;
  readonly provider: string;
  readonly model: string;
  readonly usage?: Usage | undefined;
} & (
  | { readonly kind: "ok"; readonly stopReason?: string | undefined }
  | { readonly kind: "error"; readonly error: string }
  | { readonly kind: "aborted"; readonly reason: AbortReason }
  | { readonly kind: "merged"; readonly into: string }
);

/** A run as the table has it. */
export interface RunRecord {
  readonly id: string;
  readonly source: RunSource;
  readonly principal: string;
  /** Canonical; "" when no session could be chosen. */
  readonly sessionKey: string;
  readonly sessionId: string;
  readonly request: RunRequest;
  readonly attempts: number;
  readonly acceptedAt: number;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  /** The text of the answer when the gateway stopped. */
  readonly partial: string;
  readonly outcome: RunOutcome | undefined;
}

interface Row extends Omit<RunRecord, "request" | "startedAt" | "endedAt" | "outcome"> {
  readonly request: string;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly outcome: string | null;
}

const COLUMNS =
  "id, source, principal, session_key as sessionKey, session_id as sessionId, request, attempts, " +
  "accepted_at as acceptedAt, started_at as startedAt, ended_at as endedAt, partial, outcome";

/** How long an ended run can be found again, ms. */
const KEPT_MS = 7 * 24 * 3600_000;

export class RunStore {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(options: { store: Store; clock: Clock }) {
    this.#store = options.store;
    this.#clock = options.clock;
  }

  get(id: string): RunRecord | undefined {
    const row = this.#store.get<Row>(`select ${COLUMNS} from runs where id = ?`, id);
    return row && toRecord(row);
  }

  /** Whether a run has begun a call that changes something. */
  hasChanged(id: string): boolean {
    return this.#store.get("select 1 from tool_calls where run_id = ? limit 1", id) !== undefined;
  }

  /** Runs that have not ended, oldest first: after a start, those that a stop or a crash interrupted. */
  open(): RunRecord[] {
    return this.#store
      .all<Row>(`select ${COLUMNS} from runs where state in ('accepted', 'running') order by accepted_at, rowid`)
      .map(toRecord);
  }

  /** The newest runs first, ended ones too. */
  newest(limit: number): RunRecord[] {
    return this.#store
      .all<Row>(`select ${COLUMNS} from runs order by accepted_at desc, rowid desc limit ?`, limit)
      .map(toRecord);
  }

  /** How many runs were accepted in each hour since `since`, and how many of them failed. */
  byHour(since: number): { readonly hour: number; readonly count: number; readonly failed: number }[] {
    return this.#store.all(
      `select accepted_at / 3600000 as hour, count(*) as count, count(*) filter (where state = 'error') as failed
       from runs where accepted_at >= ?1
         and rowid > coalesce((select rowid from runs where accepted_at < ?1 order by rowid desc limit 1), 0) group by hour`,
      since,
    );
  }

  accept(run: Pick<RunRecord, "id" | "source" | "principal" | "sessionKey" | "sessionId" | "request">): RunRecord {
    const acceptedAt = this.#clock.now();
    const request = { ...run.request, mark: newMark() };
    this.#store.run(
      ...insertInto("runs", {
        id: run.id,
        source: run.source,
        principal: run.principal,
        session_key: run.sessionKey,
        session_id: run.sessionId,
        request: JSON.stringify(request),
        state: "accepted",
        accepted_at: acceptedAt,
      }),
    );
    return {
      ...run,
      request,
      attempts: 0,
      acceptedAt,
      startedAt: undefined,
      endedAt: undefined,
      partial: "",
      outcome: undefined,
    };
  }

  /** Marks a run as working; returns the time. */
  begin(id: string): number {
    const startedAt = this.#clock.now();
    this.#store.run(
      "update runs set state = 'running', started_at = ?, attempts = attempts + 1, partial = '' where id = ?",
      startedAt,
      id,
    );
    return startedAt;
  }

  keepPartial(id: string, text: string): void {
    this.#store.run("update runs set partial = ? where id = ?", text, id);
  }

  /** Notes that a clean stop interrupted the run: this attempt does not count. */
  release(id: string): void {
    this.#store.run(
      "update runs set state = 'accepted', attempts = max(0, attempts - 1) where id = ? and ended_at is null",
      id,
    );
  }

  end(id: string, outcome: RunOutcome): number {
    const endedAt = this.#clock.now();
    this.#store.run(
      "update runs set state = ?, ended_at = ?, outcome = ?, partial = '' where id = ?",
      // The table's states are older than merging.
      ...[outcome.kind === "merged" ? "ok" : outcome.kind, endedAt, JSON.stringify(outcome), id],
    );
    return endedAt;
  }

  /** Deletes some runs that ended long ago; true when more are left. */
  prune(): boolean {
    return this.#store.deleteSome("runs", "ended_at < ?", [this.#clock.olderThan(KEPT_MS)], ROWS_PER_STEP);
  }
}

function toRecord({ request, outcome, startedAt, endedAt, ...row }: Row): RunRecord {
  return {
    ...row,
    request: stored<RunRequest>(request),
    startedAt: startedAt ?? undefined,
    endedAt: endedAt ?? undefined,
    outcome: outcome === null ? undefined : stored<RunOutcome>(outcome),
  };
}
