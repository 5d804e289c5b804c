/** Passes messages that belong together to the agent, one batch after the other in a conversation. */

import { defined } from "../../../../../base/defined.ts";
import { GatewayError, ignore, messageOf } from "../../../../../base/errors.ts";
import { isDamage, isTransient } from "../../../../../base/process/machine.ts";
import { KeyedQueue } from "../../../../../base/queue.ts";
import type { Quote } from "../../../../../kit/channel-message.ts";
import { oneLine } from "../../../../../kit/text/framing.ts";
import { shown } from "../../../../../kit/text/sender-text.ts";
import { audienceOf } from "../../../../agent/agent/agent.ts";
import type { Account } from "../../accounts/account.ts";
import { textOf } from "../../out/outbox/outbox-rows.ts";
import { identitiesOf } from "../../peer-list.ts";
import {
  type ComposedMessage,
  composeMessage,
  type QuotedMessage,
  type ReceivedFile,
  type ReceivedMessage,
} from "../envelope.ts";
import { type Decision, isOwner } from "../inbound.ts";
import type { InboundPolicy } from "./inbound-policy.ts";
import { AFTER_ERROR_MS, type Held, type IntakeServices, type MessageRow } from "./intake-services.ts";

/** The pause before a damaged database is tried again, ms. A person must repair it, mostly with the gateway stopped. */
const AFTER_DAMAGE_MS = 60_000;

/** How many files are fetched ahead at a time. */
const AHEAD = 8;

/** Files that are fetched while their message waits for its turn. */
interface Ahead {
  readonly of: string;
  readonly files: Promise<ReceivedFile[]>;
}

interface BatchDispatcherOptions {
  readonly account: Account;
  readonly services: IntakeServices;
  readonly policy: InboundPolicy;
  /** Aborted when the account stops; the messages stay in the inbox. */
  readonly signal: AbortSignal;
}

export class BatchDispatcher {
  readonly #account: Account;
  readonly #services: IntakeServices;
  readonly #policy: InboundPolicy;
  readonly #signal: AbortSignal;
  readonly #starting = new KeyedQueue();
  readonly #fetching = new KeyedQueue();
  readonly #ahead = new Map<number, Ahead>();
  /** Messages on their way to the agent. Their text no longer changes, because rights were decided on it. */
  readonly #frozen = new Set<number>();

  constructor({ account, services, policy, signal }: BatchDispatcherOptions) {
    this.#account = account;
    this.#services = services;
    this.#policy = policy;
    this.#signal = signal;
  }

  /** Whether a message is on its way to the agent. */
  isFrozen(id: number): boolean {
    return this.#frozen.has(id);
  }

  /** Passes held messages to the agent, one batch after the other in a conversation. */
  begin(held: Held): void {
    if (this.#signal.aborted) return;
    const sessionKey = this.#policy.sessionKey(held.rows[0]!);
    // A platform that is slow with files holds a conversation up once, not for each message again.
    if (this.#starting.isBusy(sessionKey)) for (const row of held.rows) this.#fetchAhead(row);
    void this.#starting
      .run(sessionKey, () => this.#startSurely(held, sessionKey))
      .catch((reason: unknown) => ignore(reason, "the account is stopped; the messages stay in the inbox"));
  }

  async #startSurely(held: Held, sessionKey: string): Promise<void> {
    const { clock, inbox, log, machine } = this.#services;
    const signal = this.#signal;
    const isKnown = (error: unknown) => error instanceof GatewayError;
    try {
      await machine.surely(() => this.#start(held, sessionKey), { signal, isKnown });
    } catch (error) {
      signal.throwIfAborted();
      if (isDamage(error)) {
        await clock.sleep(AFTER_DAMAGE_MS, signal);
        return await this.#startSurely(held, sessionKey);
      }
      log.error("a message cannot be handed to the agent", { error });
      const detail = messageOf(error).slice(0, 300);
      for (const { id } of held.rows)
        await machine.persist(() => inbox.decide(id, { kind: "failed", rule: "internal-error", detail }), signal);
    }
  }

  async #start(held: Held, sessionKey: string): Promise<void> {
    const wanted = held.rows.flatMap((row) => this.#stillWanted(row) ?? []);
    for (const { id } of wanted) this.#frozen.add(id);
    try {
      await this.#dispatch(wanted, held.decision, sessionKey);
    } finally {
      for (const { id } of wanted) this.#frozen.delete(id);
      for (const { id } of held.rows) this.#ahead.delete(id);
    }
  }

  #fetchAhead({ id, inbound }: MessageRow): void {
    if (inbound.media.length === 0) return;
    const fetch = () => this.#services.media.fetch(inbound, this.#account, this.#signal);
    const files = this.#fetching.run(String(id % AHEAD), fetch);
    files.catch((error: unknown) => ignore(error, "whoever waits for the files is told"));
    this.#ahead.set(id, { of: JSON.stringify(inbound.media), files });
  }

  /** The files of a message: those that were fetched ahead, once, if it still has them. */
  async #filesOf({ id, inbound }: MessageRow, signal: AbortSignal): Promise<ReceivedFile[]> {
    const ahead = this.#ahead.get(id);
    this.#ahead.delete(id);
    if (ahead?.of === JSON.stringify(inbound.media)) return await ahead.files;
    return await this.#services.media.fetch(inbound, this.#account, signal);
  }

  /** A held message as it is now, if it is still answered; one that was changed is decided again. */
  #stillWanted({ id, inbound }: MessageRow): MessageRow | undefined {
    const row = this.#openMessage(id);
    if (!row) return undefined;
    if (row.inbound.text === inbound.text && row.inbound.mentionsSelf === inbound.mentionsSelf) return row;
    const decision = this.#policy.decide(row);
    if (decision.kind === "leave") this.#services.inbox.decide(id, this.#policy.placed(decision.outcome));
    return decision.kind === "answer" ? row : undefined;
  }

  #openMessage(id: number): MessageRow | undefined {
    const row = this.#services.inbox.get(id);
    return row?.inbound.kind === "message" && row.state !== "done" ? { ...row, inbound: row.inbound } : undefined;
  }

  async #dispatch(wanted: readonly MessageRow[], decision: Held["decision"], sessionKey: string): Promise<void> {
    const { agent, inbox, sessions, store } = this.#services;
    const signal = this.#signal;
    let current = wanted;
    let composed: ComposedMessage | undefined;
    for (let isWhole = false; !isWhole && current.length > 0; ) {
      const { writes } = store;
      composed = await this.#compose(current, decision, signal);
      // Some messages may have been taken back while files were fetched.
      const left = store.writes === writes ? current : current.flatMap(({ id }) => this.#openMessage(id) ?? []);
      isWhole = left.length === current.length;
      current = left;
    }
    const [first] = current;
    if (!first || !composed || signal.aborted) return;
    const runId = `msg-${first.id}`;
    const { chat, sender } = first.inbound;
    const route = {
      channel: first.channel,
      account: first.account,
      chat: { id: chat.id, ...defined({ threadId: chat.threadId }) },
    };
    const conversation = {
      id: runId,
      sessionKey,
      message: composed.message,
      content: composed.content,
      starter: {
        principal: `channel:${first.channel}:${sender.id}`,
        scopes: this.#scopesOf(first, decision),
        name: sender.name ?? sender.id,
        ids: identitiesOf(sender).map((id) => `${first.channel}:${id}`),
      },
      extraSystemPrompt: this.#instructions(first, decision),
      deliver: route,
    };
    const title = chat.title ?? (chat.kind === "direct" ? sender.name : undefined);
    await this.#whenRoom(() =>
      agent.converse(conversation, () => {
        const setting = decision.setting && this.#policy.setting(decision.setting);
        inbox.answeredBy(
          current.map(({ id }) => id),
          { runId, sessionKey, rule: decision.rule, setting, binding: this.#policy.agentFor(first).binding },
        );
        store.transaction(() => sessions.noteRoute(sessionKey, { ...route, ...defined({ title }) }));
      }),
    ).then(
      () => this.#services.begun(runId, current, this.#account),
      (error: unknown) => {
        if (!(error instanceof GatewayError) || error.code !== "INVALID_REQUEST") throw error;
        for (const { id } of current)
          inbox.decide(id, { kind: "suppressed", rule: "session-policy", detail: error.message });
      },
    );
  }

  /** The scopes of a message's sender. */
  #scopesOf({ inbound: message }: MessageRow, { isTrusted }: Extract<Decision, { kind: "answer" }>): string[] {
    const { settings } = this.#account;
    if (isOwner({ message, settings })) return ["operator.admin"];
    return isTrusted ? ["operator.write"] : [];
  }

  /** Tries until the agent and the disk have room. */
  async #whenRoom(start: () => void): Promise<void> {
    for (;;) {
      this.#signal.throwIfAborted();
      try {
        return start();
      } catch (error) {
        const { clock, machine } = this.#services;
        if (isTransient(error)) await machine.recovered(error, this.#signal);
        else if (error instanceof GatewayError && error.retryable)
          await clock.sleep(error.retryAfterMs ?? AFTER_ERROR_MS, this.#signal);
        else throw error;
      }
    }
  }

  async #compose(
    rows: readonly MessageRow[],
    decision: Held["decision"],
    signal: AbortSignal,
  ): Promise<ComposedMessage> {
    const { inbox } = this.#services;
    const { settings, self } = this.#account;
    const last = rows.at(-1)!;
    const { chat, replyTo } = last.inbound;
    const received: ReceivedMessage[] = [];
    for (const row of rows) received.push({ message: row.inbound, files: await this.#filesOf(row, signal) });
    const context = chat.kind === "direct" ? [] : inbox.unaddressedBefore(rows[0]!, settings.historyLimit);
    const principal = `channel:${last.channel}:${last.inbound.sender.id}`;
    const quoted = replyTo && this.#quoted(last, replyTo);
    return composeMessage({
      channel: last.channel,
      received,
      standing: audienceOf({ principal, scopes: this.#scopesOf(rows[0]!, decision) }),
      quoted,
      quotedFiles: replyTo && !quoted?.isTold ? await this.#quotedFiles(replyTo, quoted, signal) : [],
      ownNames: [settings.name, self?.name, self?.username, self?.id, ...(self?.aliases ?? [])].filter(
        (name) => name !== undefined,
      ),
      context: context.map(({ inbound }) => inbound),
    });
  }

  /** Files of a quoted message that the agent has not seen. */
  async #quotedFiles({ media = [] }: Quote, quoted: QuotedMessage | undefined, signal: AbortSignal) {
    const wanted = media.length > 0 ? media : (quoted?.media ?? []);
    return wanted.length === 0 ? [] : await this.#services.media.fetch({ media: wanted }, this.#account, signal);
  }

  /** The gateway's own copy of a quoted message. `isTold`: the agent has it in its conversation. */
  #quoted(
    { channel, account, inbound: { chat } }: MessageRow,
    { messageId, senderId, elsewhere }: Quote,
  ): (QuotedMessage & { readonly isTold: boolean }) | undefined {
    if (elsewhere) return undefined;
    const { inbox, outbox } = this.#services;
    const key = { channel, account };
    const own = outbox.byProviderId(key, messageId, chat.id);
    if (own) return { text: textOf(own.payload), senderId: undefined, isTold: true };
    const heard = inbox.messageById(key, chat.id, messageId, senderId);
    if (!heard) return undefined;
    const { media, items, forwarded = [], sender } = heard.inbound;
    const text = [shown(heard.inbound, channel), ...forwarded.map((each) => each.text)].filter(Boolean).join("\n");
    return { text, media, items, senderId: sender.id, isTold: heard.runId !== undefined };
  }

  #instructions({ inbound: { chat } }: MessageRow, { group }: Held["decision"]): string {
    const { label } = this.#account.definition;
    // Name the chat by its id: a title is anybody's text, and these are instructions.
    const where =
      chat.kind === "direct" ? `a direct ${label} chat` : `the ${label} ${chat.kind} ${oneLine(chat.id, 200)}`;
    const lines = [`You are answering in ${where}. Your reply is sent there as it is.`];
    if (group?.systemPrompt) lines.push(group.systemPrompt);
    return lines.join("\n");
  }
}
