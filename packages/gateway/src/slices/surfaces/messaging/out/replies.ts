/** Delivers replies: the transaction that records the end of a run also puts its reply in the outbox. */
import { defined } from "../../../../base/defined.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { MessageRef } from "../../../../kit/party.ts";
import type { AbortReason, RunOutcome, RunRecord } from "../../../agent/agent/run/run-store.ts";
import type { RunObserver } from "../../../agent/agent/runs.ts";
import type { Account } from "../accounts/account.ts";
import type { Inbox, Outcome } from "../in/inbox/inbox.ts";
import type { InboxRow } from "../in/inbox/inbox-rows.ts";
import type { MessagesSettings } from "../settings.ts";
import type { Outbox } from "./outbox/outbox.ts";
import type { OutboxRow, PartState, Payload } from "./outbox/outbox-rows.ts";
import { composePartsNow } from "./render.ts";

export interface RepliesOptions {
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly clock: Clock;
  messages(): MessagesSettings;
  account(channel: string, account: string): Account | undefined;
  /** Whether a run works or waits. */
  isOpen(runId: string): boolean;
  /** What is kept of a run. */
  record(runId: string): RunRecord | undefined;
  /** Called when an account's outbox has something new on disk. */
  kick(channel: string, account: string): void;
}

const TOGETHER = "It came while a reply was under way, and was answered together with what came beside it.";

const BY_TOOL: Outcome = { kind: "replied", rule: "by-tool", detail: "The agent answered with its message tool." };

/** The part number of a reply that has not been cut into parts. */
const WHOLE = -1;

export class Replies implements RunObserver {
  readonly #options: RepliesOptions;

  constructor(options: RepliesOptions) {
    this.#options = options;
  }

  /** Handles the end of a run, within the transaction that records it. */
  ended(record: RunRecord, outcome: RunOutcome): void {
    const { inbox, outbox } = this.#options;
    const { deliver } = record.request;
    if (!deliver) return;
    if (outcome.kind === "merged") return inbox.joinRun(record.id, outcome.into, TOGETHER);
    const rows = inbox.ofRun(record.id);
    const hasSpoken = outcome.kind === "ok" && outcome.text === "" && outbox.wasToldBy(record.id, deliver);
    const early = hasSpoken ? BY_TOOL : earlyOutcome(outcome);
    if (early) for (const { id } of rows) inbox.decide(id, early);
    const markdown = replyOf(outcome);
    if (markdown === "") return;
    const { channel, account, chat } = deliver;
    const place = {
      ...{ channel, account, chat },
      origin: originOf(record.id),
      sessionKey: record.sessionKey,
      ttlMs: this.#options.messages().outboundTtlMinutes * 60_000,
    };
    const payload: Payload = { content: { kind: "markdown", markdown }, ...this.answerTo(rows) };
    const to = this.#options.account(channel, account);
    // A draft of the reply may be on its way; the sender then replaces it between two messages of the chat.
    const hasDraft = outbox.has(place.origin);
    const parts = to && !hasDraft ? composePartsNow(payload, to) : undefined;
    if (parts) for (const [part, each] of parts.entries()) outbox.add({ ...place, part, payload: each });
    else outbox.add({ ...place, part: WHOLE, payload });
    setImmediate(() => this.#options.kick(channel, account));
  }

  /** What the first part of a reply carries: the message that it quotes, and the platform's handle for the answer. */
  answerTo(rows: readonly InboxRow[]): Pick<Payload, "replyTo" | "via"> {
    const last = rows.at(-1);
    if (last?.inbound.kind !== "message") return {};
    const { chat, messageId, sender, via } = last.inbound;
    const mode = this.#options.account(last.channel, last.account)?.settings.replyToMode;
    const quotes = mode === undefined ? chat.kind !== "direct" : mode !== "off";
    const replyTo: MessageRef = { chat: { id: chat.id, threadId: chat.threadId }, id: messageId, senderId: sender.id };
    return { ...(quotes && { replyTo }), ...defined({ via }) };
  }

  /**
   * Handles the end of a message. The end of the last one of a reply is the outcome of the messages that were answered.
   */
  settled(row: OutboxRow): void {
    const runId = runOf(row.origin);
    if (runId === undefined || row.payload.isDraft) return;
    const { inbox, outbox } = this.#options;
    const parts = outbox.statesOf(row.origin);
    if (parts.some(({ state }) => state === "composing" || state === "queued" || state === "sending")) return;
    const rows = inbox.statesOf(runId);
    const outcome = outcomeOf(parts);
    for (const { id, state } of rows) if (state !== "done") inbox.decide(id, outcome);
    if (rows.some(({ state }) => state === "done")) this.#mend(runId, outcome);
  }

  /** Writes missing outcomes at a start. */
  review(): void {
    const { inbox, outbox, isOpen, record } = this.#options;
    for (const runId of inbox.runsUnderWay()) {
      if (isOpen(runId)) continue;
      const last = outbox.of(originOf(runId)).findLast(({ payload }) => payload.isDraft !== true);
      const run = record(runId);
      if (last) this.settled(last);
      else if (!run) inbox.decideAgain(runId);
      else if (run.outcome?.kind === "error") this.ended(run, run.outcome);
      else
        for (const { id } of inbox.statesOf(runId))
          inbox.decide(id, {
            kind: "failed",
            rule: "reply-lost",
            detail: "Its run is over and left no reply to send.",
          });
    }
  }

  /** Corrects an outcome: a reply that seemed lost has been sent again. */
  #mend(runId: string, outcome: Outcome): void {
    const entry = this.#options.inbox.entries.entryOfRun(runId);
    if (entry?.rule?.startsWith("delivery-") && outcome.kind === "replied")
      this.#options.inbox.amend(runId, { kind: "replied", rule: "resent", detail: "It was sent again by hand." });
  }
}

/** The origin of a run's reply in the outbox. */
export function originOf(runId: string): string {
  return `run:${runId}`;
}

/** Whether a message is a run's reply, or a part of one. */
export function isReply(origin: string): boolean {
  return runOf(origin) !== undefined;
}

function runOf(origin: string): string | undefined {
  return origin.startsWith("run:") ? origin.slice(4) : undefined;
}

/** The outcome that the end of a run decides by itself, without a reply; undefined when the reply decides. */
function earlyOutcome(outcome: RunOutcome): Outcome | undefined {
  if (outcome.kind === "error") return { kind: "failed", rule: "agent-error", detail: outcome.error };
  if (outcome.kind === "merged") return undefined;
  if (outcome.kind === "aborted" && outcome.reason === "timeout")
    return {
      kind: "failed",
      rule: "agent-timeout",
      detail: "The agent took longer than agents.defaults.timeoutSeconds.",
    };
  if (outcome.kind === "aborted") return { kind: "suppressed", ...ENDED_FROM_OUTSIDE[outcome.reason as OtherReason] };
  if (outcome.text === "") return { kind: "noted", rule: "nothing-to-say", detail: "The agent answered with nothing." };
  return undefined;
}

const STOPPED = { rule: "stopped", detail: "Somebody stopped the reply." };

type OtherReason = Exclude<AbortReason, "timeout">;

/** The reason of a reply that was ended, other than by a limit. */
const ENDED_FROM_OUTSIDE: Readonly<Record<OtherReason, Omit<Outcome, "kind">>> = {
  rpc: STOPPED,
  stop: STOPPED,
  interrupt: { rule: "interrupted", detail: "A newer message took its place.", setting: "messages.queue.mode" },
  dropped: {
    rule: "queue-full",
    detail: "Too many messages waited; this one was left out.",
    setting: "messages.queue.cap",
  },
};

/** The text of a reply for people. */
function replyOf(outcome: RunOutcome): string {
  if (outcome.kind === "ok") return outcome.text;
  if (outcome.kind === "merged") return "";
  if (outcome.kind === "error") return [outcome.text, `⚠️ ${outcome.error}`].filter((text) => text !== "").join("\n\n");
  return outcome.reason === "timeout"
    ? [outcome.text, "⚠️ This took too long and was stopped."].filter((text) => text !== "").join("\n\n")
    : "";
}

function outcomeOf(parts: readonly PartState[]): Outcome {
  const doubtful = parts.find(({ state }) => state === "unknown");
  if (doubtful)
    return {
      kind: "failed",
      rule: "delivery-unknown",
      detail: `It is not known whether the reply arrived (${doubtful.problem}); \`moltbot message resend ${doubtful.id}\` sends it again.`,
    };
  const failed = parts.find(({ state }) => state === "failed");
  if (!failed) return { kind: "replied" };
  const isExpired = failed.problem?.startsWith("it could not be sent in time");
  return isExpired
    ? { kind: "expired", rule: "delivery-expired", detail: `The reply was given up: ${failed.problem}.` }
    : { kind: "failed", rule: "delivery-failed", detail: `The reply was not sent: ${failed.problem}` };
}
