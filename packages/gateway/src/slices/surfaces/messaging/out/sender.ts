/**
 * Sends an account's outbox: in order within a chat, chats side by side. Each row is marked before and after it is
 * sent. A doubtful message is repeated only where a repeat is harmless or the platform can be asked.
 */

import { ignore, TellableError } from "../../../../base/errors.ts";
import type { Log } from "../../../../base/log.ts";
import type { Machine } from "../../../../base/process/machine.ts";
import { type Backoff, backoffMs } from "../../../../base/time/backoff.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { within } from "../../../../base/time/deadline.ts";
import { ChannelError, type Connection } from "../../../../kit/channel.ts";
import type { Account } from "../accounts/account.ts";
import { lookFor, SEND_LIMIT_MS } from "./look-for.ts";
import type { Outbox } from "./outbox/outbox.ts";
import type { OutboxRow, Payload } from "./outbox/outbox-rows.ts";
import { isReply } from "./replies.ts";
import { namedBy, outboundOf, textOfPart, toSendError } from "./sendable.ts";

export interface SenderOptions {
  readonly account: Account;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly machine: Machine;
  /** Cuts a reply into the messages that the platform takes. */
  compose(row: OutboxRow, account: Account): Promise<Payload[]>;
  /** Runs `work` in one transaction. */
  atomically<T>(work: () => T): T;
  /** Like `atomically`, without waiting for the disk; see `Store.unsynced`. */
  unsynced<T>(work: () => T): T;
  /** Resolves when the mark of a message is replicated, where it is: a gateway that takes over must know of the try. */
  replicated(): Promise<void>;
  /** Called when a row has come to its end, in the transaction that says so: sent, failed or in doubt. */
  settled(row: OutboxRow): void;
}

const RETRY: Backoff = { baseMs: 500, maxMs: 30_000, factor: 2 };
/** The most tries of a message, even where a repeat is harmless. */
const MAX_ATTEMPTS = 8;
const AFTER_ERROR_MS = 5_000;

export class Sender {
  readonly #options: SenderOptions;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #timers = new Map<string, Disposable>();
  /** Busy chats for which a message may have come since their outbox was last looked at. */
  readonly #unseen = new Set<string>();
  readonly #stop = new AbortController();
  #isReady = false;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Called when the link is open: settles doubtful messages, then sends all waiting ones. */
  async opened(connection: Connection): Promise<void> {
    this.#isReady = false;
    const { outbox, account, log } = this.#options;
    for (const row of outbox.doubtful(account.key)) {
      if (this.#busy.has(row.chat.id)) continue;
      await this.#settleDoubt(row, connection).catch((error: unknown) =>
        log.error("a doubtful message cannot be settled", { outboxId: row.id, error }),
      );
    }
    this.#isReady = true;
    this.kick();
  }

  /** Looks for work. Cheap when there is none. */
  kick(): void {
    const { account, outbox } = this.#options;
    if (!this.#isReady || !account.connection) return;
    for (const chat of outbox.openChats(account.key)) this.#wake(chat);
  }

  /** Runs `task` between two messages of a chat, for example an edit of a growing reply. */
  async between(chat: string, task: (connection: Connection) => Promise<void>): Promise<void> {
    await this.#busy.get(chat);
    const { connection } = this.#options.account;
    if (!connection || this.#busy.has(chat)) return;
    const work = task(connection).catch((error: unknown) => ignore(error, "the final text is sent in any case"));
    this.#busy.set(chat, work);
    await work;
    this.#busy.delete(chat);
    this.kick();
  }

  /** Stops; a send under way ends by itself. */
  async stop(): Promise<void> {
    this.#isReady = false;
    this.#stop.abort(new TellableError("the account is stopped"));
    for (const timer of this.#timers.values()) timer[Symbol.dispose]();
    this.#timers.clear();
    await Promise.allSettled(this.#busy.values());
  }

  #wake(chat: string): void {
    if (this.#busy.has(chat)) {
      this.#unseen.add(chat);
      return;
    }
    const work = this.#drain(chat).catch((error: unknown) => {
      if (this.#stop.signal.aborted) return;
      // On a full disk, for example, waiting messages are tried again after a pause, not in a tight loop.
      this.#options.log.error("sending ended in an unexpected error", { error });
      if (this.#isReady) this.#wakeLater(chat, AFTER_ERROR_MS);
    });
    this.#busy.set(chat, work);
    void work.then(() => {
      this.#busy.delete(chat);
      // A message may have come between the last look and now.
      const isUnseen = this.#unseen.delete(chat);
      if (isUnseen && !this.#timers.has(chat) && this.#hasWork(chat)) this.#wake(chat);
    });
  }

  #hasWork(chat: string): boolean {
    const { account, outbox, clock } = this.#options;
    if (!this.#isReady || !account.connection) return false;
    const row = outbox.next(account.key, chat);
    return row !== undefined && row.notBefore <= clock.steadyNow();
  }

  async #drain(chat: string): Promise<void> {
    const { account, outbox, clock } = this.#options;
    for (;;) {
      const { connection } = account;
      this.#unseen.delete(chat);
      const row = outbox.next(account.key, chat);
      if (!row || !connection || !this.#isReady) return;
      if (await this.#isExpired(row)) continue;
      if (row.notBefore > clock.steadyNow()) return this.#wakeLater(chat, row.notBefore - clock.steadyNow());
      if (row.state === "composing") await this.#compose(row);
      else {
        outbox.sending(row.id);
        await this.#send(row, connection);
      }
    }
  }

  async #compose(row: OutboxRow): Promise<void> {
    const { account, outbox, compose, machine, atomically } = this.#options;
    const { signal } = this.#stop;
    const tries = { signal, isKnown: () => false };
    const parts = await machine
      .surely(() => compose(row, account), tries)
      .catch((error: unknown) => {
        signal.throwIfAborted();
        this.#options.log.error("a message cannot be rendered", { outboxId: row.id, error });
        return [];
      });
    if (parts.length === 0) return await this.#end(row, "failed", "it holds nothing that can be shown");
    const { connection } = account;
    const marked = atomically(() => {
      outbox.compose(row, parts);
      return connection && this.#markNext(row.chat.id);
    });
    if (connection && marked) await this.#send(marked, connection);
  }

  /**
   * Marks the next message to a chat when it can be sent at once. In the transaction that renders a reply, this spares the
   * reply an fsync.
   */
  #markNext(chat: string): OutboxRow | undefined {
    const { account, outbox, clock } = this.#options;
    const row = outbox.next(account.key, chat);
    const now = clock.steadyNow();
    if (!this.#isReady || row?.state !== "queued" || row.notBefore > now || row.expiresAt <= now) return undefined;
    outbox.sending(row.id);
    return row;
  }

  #wakeLater(chat: string, ms: number): void {
    this.#timers.get(chat)?.[Symbol.dispose]();
    this.#timers.set(
      chat,
      this.#options.clock.after(ms + 5, () => {
        this.#timers.delete(chat);
        if (this.#isReady) this.#wake(chat);
      }),
    );
  }

  async #isExpired(row: OutboxRow): Promise<boolean> {
    if (this.#options.clock.steadyNow() < row.expiresAt) return false;
    await this.#end(
      row,
      "failed",
      row.problem ? `it could not be sent in time: ${row.problem}` : "it could not be sent in time",
    );
    return true;
  }

  /** Sends a message that is marked, and records how it ended. */
  async #send(row: OutboxRow, connection: Connection): Promise<void> {
    const { outbox, clock, replicated } = this.#options;
    await replicated();
    const limit = new AbortController();
    using _timer = clock.after(SEND_LIMIT_MS, () =>
      limit.abort(new TellableError("the platform did not answer in time")),
    );
    let sent: string;
    try {
      // A library that ignores the signal must not block the chat.
      sent = await within(this.#transmit(row, connection, limit.signal), { signal: limit.signal });
    } catch (error) {
      const problem = limit.signal.aborted
        ? new ChannelError("unknown", `${this.#options.account.definition.label} did not answer in time.`, {
            cause: error,
          })
        : toSendError(error, this.#options.account);
      return await this.#failed(outbox.require(row.id), problem, connection);
    }
    await this.#sent(row, sent);
  }

  /**
   * Writes the platform's answer. It may never be told again, so it is kept through all trouble of the machine until it
   * is written.
   */
  async #keep(write: () => void): Promise<void> {
    await this.#options.machine.persist(write, this.#stop.signal);
  }

  /** Sends the message; resolves with its id on the platform. */
  async #transmit(row: OutboxRow, connection: Connection, signal: AbortSignal): Promise<string> {
    const { payload, chat, clientId, providerId } = row;
    if (payload.content.kind === "poll") {
      if (!connection.poll)
        throw new ChannelError("rejected", `${this.#options.account.definition.label} has no polls.`);
      const { kind: _kind, pollId: _pollId, ...poll } = payload.content;
      const sent = await connection.poll({ clientId, chat, ...poll }, signal);
      const id = namedBy(sent, this.#options.account);
      const { pollId } = sent;
      if (pollId !== undefined) await this.#keep(() => this.#options.outbox.notePoll(row.id, pollId));
      return id;
    }
    if (payload.replacesDraft && providerId !== undefined && connection.edit) {
      try {
        await connection.edit({ chat, id: providerId, isOwn: true }, textOfPart(payload), signal);
        return providerId;
      } catch (error) {
        // The draft is gone, or too old to edit: send the text as a new message.
        if (!(error instanceof ChannelError) || error.kind !== "rejected") throw error;
      }
    }
    return namedBy(await connection.send(outboundOf(row), signal), this.#options.account);
  }

  async #failed(row: OutboxRow, error: ChannelError, connection: Connection): Promise<void> {
    const { outbox, clock, log, account } = this.#options;
    const now = clock.steadyNow();
    switch (error.kind) {
      case "rate-limited":
        return await this.#later(row, now + (error.retryAfterMs ?? backoffMs(row.attempts, RETRY)), error.message);
      case "bad-format":
        if (!row.payload.isPlain) return await this.#keep(() => outbox.asPlain(row));
        break;
      case "rejected":
        break;
      case "unknown":
        return await this.#inDoubt(row, error, connection);
      case "not-sent":
      case "network":
        return await this.#later(row, now + backoffMs(row.attempts, RETRY), error.message);
      default:
        // The account itself has a problem: the message waits for it until it expires.
        return await this.#later(row, now + backoffMs(row.attempts, RETRY), error.message);
    }
    log.warn("a message was refused by the platform", { ...account.key, outboxId: row.id, problem: error.message });
    await this.#end(row, "failed", error.message);
  }

  /**
   * Handles a message that may have been taken: sends it again under its id where the platform knows ids, else asks the
   * platform, else leaves it doubtful.
   */
  async #inDoubt(row: OutboxRow, error: ChannelError, connection: Connection): Promise<void> {
    const { clock } = this.#options;
    const isHarmless = this.#isRepeatSafe(row);
    if (isHarmless && row.attempts < MAX_ATTEMPTS)
      return await this.#later(row, clock.steadyNow() + backoffMs(row.attempts, RETRY), error.message);
    await this.#settleDoubt(row, connection, error.message);
  }

  /** Whether the platform still knows the message's id. After the clock was moved back, this cannot be told. */
  #isRepeatSafe({ sentAt, queuedAt }: OutboxRow): boolean {
    const { account, clock } = this.#options;
    const sinceMs = clock.now() - (sentAt ?? queuedAt);
    return sinceMs >= 0 && sinceMs < account.definition.repeatSafeMs;
  }

  async #settleDoubt(row: OutboxRow, connection: Connection, problem?: string): Promise<void> {
    const { account, log } = this.#options;
    if (problem === undefined && this.#isRepeatSafe(row))
      return await this.#later(row, 0, "sent again after an interruption");
    const found = await lookFor(row, connection, this.#options.clock);
    if (found === "absent") return await this.#later(row, 0, "the platform does not have it; sent again");
    if (found !== "unknown") return await this.#sent(row, found);
    log.warn("it is not known whether a message was sent", { ...account.key, outboxId: row.id });
    await this.#end(row, "unknown", problem ?? "the gateway was interrupted while it sent this; it may have arrived");
  }

  async #later({ id }: OutboxRow, notBefore: number, problem: string): Promise<void> {
    await this.#keep(() => this.#options.outbox.later(id, notBefore, problem));
  }

  /**
   * A reply need not wait for the disk, as nobody is told that it was sent: after a power cut it is in doubt, as if the
   * power had gone while the platform took it.
   */
  async #sent({ id, origin }: OutboxRow, providerId: string): Promise<void> {
    const { outbox, atomically, unsynced } = this.#options;
    await this.#settle(() => outbox.sent(id, providerId), isReply(origin) ? unsynced : atomically);
  }

  async #end({ id }: OutboxRow, state: "unknown" | "failed", problem: string): Promise<void> {
    const { outbox, atomically } = this.#options;
    await this.#settle(() => outbox.end(id, state, problem), atomically);
  }

  /** Records the end of a message and its consequences in one transaction. */
  async #settle(end: () => OutboxRow, inOneStep: (work: () => void) => void): Promise<void> {
    const { settled } = this.#options;
    await this.#keep(() => inOneStep(() => settled(end())));
  }
}
