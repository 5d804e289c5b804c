/** Shows people that the agent works: read marks, a reaction, "typing", and a growing reply. */

import type { Bus } from "../../../../base/bus.ts";
import { defined } from "../../../../base/defined.ts";
import { ignore } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { ChatRef, MessageRef } from "../../../../kit/party.ts";
import { agent as agentEvent } from "../../../agent/agent/events.ts";
import type { Account } from "../accounts/account.ts";
import type { InboxRow } from "../in/inbox/inbox-rows.ts";
import type { Outbox } from "./outbox/outbox.ts";
import { firstPart } from "./render.ts";
import type { Replies } from "./replies.ts";
import { originOf } from "./replies.ts";
import type { Sender } from "./sender.ts";

export interface ProgressOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly replies: Replies;
  sender(account: Account): Sender | undefined;
  isOpen(runId: string): boolean;
  ttlMs(): number;
}

/** A run whose progress is shown. */
interface Watched extends Disposable {
  readonly runId: string;
  readonly account: Account;
  readonly rows: readonly InboxRow[];
  readonly chat: ChatRef;
  readonly startedAt: number;
  sessionKey: string | undefined;
  text: string;
  shownAt: number;
  isShowing: boolean;
}

/** "Typing" is shown after this time; for a quicker answer it would only flicker. */
const TYPING_AFTER_MS = 300;
/** A reply that takes longer is shown while it grows; a quicker one is sent in one piece. */
const DRAFT_AFTER_MS = 1_500;
const DRAFT_MIN_CHARS = 40;

export class Progress implements Disposable {
  readonly #options: ProgressOptions;
  readonly #runs = new Map<string, Watched>();
  readonly #subscription: Disposable;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#subscription = options.bus.on(agentEvent, ({ runId, stream, data }) => {
      const run = this.#runs.get(runId);
      if (!run) return;
      if (stream === "assistant" && typeof data.text === "string") this.#grew(run, data.text);
      if (stream === "lifecycle" && data.phase !== "start") this.#end(run);
    });
  }

  /** Shows progress of a run for these messages. */
  begun(runId: string, rows: readonly InboxRow[], account: Account): void {
    this.#greet(rows, account);
    const last = rows.at(-1);
    if (!last || !this.#options.isOpen(runId) || this.#runs.has(runId)) return;
    const { clock } = this.#options;
    const { id, threadId } = last.inbound.chat;
    const typing = new DisposableStack();
    const run: Watched = {
      ...{ runId, account, rows },
      chat: { id, ...defined({ threadId }) },
      startedAt: clock.monotonic(),
      sessionKey: last.sessionKey,
      text: "",
      shownAt: 0,
      isShowing: false,
      [Symbol.dispose]: () => typing.dispose(),
    };
    this.#runs.set(runId, run);
    typing.use(clock.after(TYPING_AFTER_MS, () => this.#type(run, typing)));
  }

  /** Stops showing progress when an account's link is gone; the replies wait in the outbox. */
  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    for (const run of this.#runs.values()) run[Symbol.dispose]();
    this.#runs.clear();
  }

  #greet(rows: readonly InboxRow[], { connection, settings }: Account): void {
    if (!connection) return;
    const refs: MessageRef[] = rows.map(({ inbound: { chat, messageId, sender } }) => ({
      chat: { id: chat.id, threadId: chat.threadId },
      id: messageId,
      senderId: sender.id,
    }));
    if (settings.readReceipts) void connection.markRead?.(refs).catch(unimportant);
    const last = refs.at(-1);
    if (settings.ackReaction && last)
      void connection
        .react?.(last, settings.ackReaction, { remove: false }, AbortSignal.timeout(10_000))
        .catch(unimportant);
  }

  /** Shows "typing" again and again until the stack is disposed, and then ends it. */
  #type(run: Watched, typing: DisposableStack): void {
    const { account, chat } = run;
    const show = (isTyping: boolean) => void account.connection?.typing?.(chat, isTyping).catch(unimportant);
    show(true);
    typing.use(this.#options.clock.every(account.definition.limits.typingEveryMs, () => show(true)));
    typing.defer(() => show(false));
  }

  #grew(run: Watched, text: string): void {
    run.text = text;
    const { clock } = this.#options;
    const { connection, settings, definition } = run.account;
    const canEdit = connection?.edit !== undefined && definition.capabilities.includes("streaming");
    if (!settings.streaming || !canEdit || run.isShowing) return;
    if (text.length < DRAFT_MIN_CHARS || clock.monotonic() - run.startedAt < DRAFT_AFTER_MS) return;
    if (clock.monotonic() - run.shownAt < definition.limits.editEveryMs) return;
    run.isShowing = true;
    run.shownAt = clock.monotonic();
    void this.#show(run)
      .catch(unimportant)
      .finally(() => {
        run.isShowing = false;
      });
  }

  /** Sends the reply so far, or edits the draft on the platform. */
  async #show(run: Watched): Promise<void> {
    const { outbox, replies, sender } = this.#options;
    const { account, chat, runId } = run;
    const text = await firstPart(run.text, account);
    if (!text || !this.#runs.has(runId)) return;
    const draft = outbox.of(originOf(runId))[0];
    if (!draft) {
      const payload = { content: { kind: "part", text }, isDraft: true, ...replies.answerTo(run.rows) } as const;
      const { sessionKey } = run;
      outbox.add({
        ...account.key,
        chat,
        origin: originOf(runId),
        part: 0,
        payload,
        sessionKey,
        ttlMs: this.#options.ttlMs(),
      });
      return sender(account)?.kick();
    }
    const { providerId, state } = draft;
    if (state !== "sent" || providerId === undefined) return;
    await sender(account)?.between(chat.id, async (connection) => {
      if (this.#runs.has(runId))
        await connection.edit?.({ chat, id: providerId, isOwn: true }, text, AbortSignal.timeout(15_000));
    });
  }

  #end(run: Watched): void {
    this.#runs.delete(run.runId);
    run[Symbol.dispose]();
  }
}

function unimportant(error: unknown): void {
  ignore(error, "it is a courtesy; the reply does not depend on it");
}
