/** Lets callers wait until a message has been sent. */
import { GatewayError } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { onAbort } from "../../../../base/time/deadline.ts";
import type { Accounts } from "../accounts/accounts.ts";
import type { KnownChannels } from "../accounts/known-channels.ts";
import type { AccountStateName } from "../schema.ts";
import type { Outbox } from "./outbox/outbox.ts";
import type { OutboxRow } from "./outbox/outbox-rows.ts";

/** How long `send` waits for the platform before it answers that the message is queued, ms. */
const SEND_WAIT_MS = 20_000;

/** States of an account in which nothing is sent before a person acts. */
const IDLE: ReadonlySet<AccountStateName | undefined> = new Set(["disabled", "unconfigured", "stopped", "failed"]);

interface SendWaitersParts {
  readonly accounts: Accounts;
  readonly channels: KnownChannels;
  readonly outbox: Outbox;
  readonly clock: Clock;
}

export class SendWaiters implements Disposable {
  readonly #accounts: Accounts;
  readonly #channels: KnownChannels;
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor({ accounts, channels, outbox, clock }: SendWaitersParts) {
    this.#accounts = accounts;
    this.#channels = channels;
    this.#outbox = outbox;
    this.#clock = clock;
  }

  /** Ends all waiting calls. */
  [Symbol.dispose](): void {
    for (const wake of [...this.#waiting.values()].flatMap((set) => [...set])) wake();
  }

  /** A part of a message has come to its end. */
  settled({ origin }: Pick<OutboxRow, "origin">): void {
    for (const wake of this.#waiting.get(origin) ?? []) wake();
  }

  /** Waits until all parts of a message have ended, and returns the result. */
  async whenSent(origin: string, runId: string, signal: AbortSignal) {
    const clock = this.#clock;
    const first = this.#outbox.of(origin)[0]!;
    this.#accounts.find(first)?.sender.kick();
    const limit = new AbortController();
    using _timer = clock.after(SEND_WAIT_MS, () => limit.abort());
    const until = AbortSignal.any([signal, limit.signal]);
    for (;;) {
      const parts = this.#outbox.of(origin);
      const open = parts.find(({ state }) => state === "composing" || state === "queued" || state === "sending");
      if (!open) return this.#answerOf(parts, runId);
      const isIdle = IDLE.has(this.#accounts.find(first)?.account.state);
      if (isIdle || until.aborted || this.#accounts.isStopped) throw this.#stillWaiting(open);
      const { promise, resolve } = Promise.withResolvers<void>();
      const waiting = this.#waiting.get(origin) ?? new Set();
      this.#waiting.set(origin, waiting.add(resolve));
      using _aborted = onAbort(until, resolve);
      await promise;
      waiting.delete(resolve);
      if (waiting.size === 0) this.#waiting.delete(origin);
    }
  }

  #answerOf(parts: readonly OutboxRow[], runId: string) {
    const bad = parts.find(({ state }) => state !== "sent");
    if (bad) {
      const hint = bad.state === "unknown" ? `; \`moltbot message resend ${bad.id}\` sends it again` : "";
      throw new GatewayError(
        "UNAVAILABLE",
        `${(bad.problem ?? "the message was not sent").replace(/\.$/, "")}${hint}`,
        {
          details: { code: bad.state === "unknown" ? "DELIVERY_UNKNOWN" : "DELIVERY_FAILED", outboxId: bad.id },
        },
      );
    }
    const last = parts.at(-1)!;
    const { channel, chat } = last;
    return {
      runId,
      messageId: last.providerId ?? "",
      channel,
      chatId: chat.id,
      ...this.#channels.definition(channel).sentFields?.(chat),
    };
  }

  #stillWaiting(row: OutboxRow): GatewayError {
    const account = this.#accounts.find(row)?.account;
    const { label } = this.#channels.definition(row.channel);
    const why = row.problem ?? account?.problem?.message ?? `${label} is ${account?.state ?? "not set up"}.`;
    const until = new Date(row.expiresAt).toISOString().slice(0, 16).replace("T", " ");
    return new GatewayError("UNAVAILABLE", `not sent yet, and kept until ${until} UTC: ${why}`, {
      retryable: true,
      retryAfterMs: 10_000,
      details: { code: "DELIVERY_WAITS", outboxId: row.id },
    });
  }
}
