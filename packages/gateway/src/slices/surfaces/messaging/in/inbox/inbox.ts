/** The inbox: every event of a platform, stored before the platform is told that it arrived, with its one outcome. */

import { insertInto, named } from "../../../../../base/store/statement.ts";
import type { Store } from "../../../../../base/store/store.ts";
import { ROWS_PER_STEP } from "../../../../../base/store/store-upkeep.ts";
import type { Clock } from "../../../../../base/time/clock.ts";
import type { Content, Inbound, InboundMessage, MediaRef } from "../../../../../kit/channel-message.ts";
import { ManyPort } from "../../../../../kit/port.ts";
import { identitiesOf, isSamePerson } from "../../peer-list.ts";
import type { OutcomeName } from "../../schema.ts";
import type { DecidedMessage, MessageWatcher } from "../../watchers.ts";
import { InboxEntries } from "./inbox-entries.ts";
import { InboxPeople } from "./inbox-people.ts";
import { type AccountKey, COLUMNS, HAS_RUN, type InboxRow, IS_OPEN, type Row, toInboxRow } from "./inbox-rows.ts";

/** The outcome of an event. */
export interface Outcome {
  readonly kind: OutcomeName;
  /** The rule that decided: a short name, stable. Absent when it was named when the run began. */
  readonly rule?: string | undefined;
  /** The rule as a sentence. */
  readonly detail?: string | undefined;
  /** The dotted path of the setting behind the rule. */
  readonly setting?: string | undefined;
}

/** A run that answers events, and why it does. */
export interface AnsweringRun {
  readonly runId: string;
  readonly sessionKey: string;
  readonly rule: string;
  readonly setting: string | undefined;
  /** The dotted path of the binding that chose the agent. */
  readonly binding: string | undefined;
}

/** The rule of a message that is a new position of an earlier one. */
export const PLACE_MOVED = "place-moved";
/** Positions of one live place that are looked through: eight hours of one each 30 s. */
const MAX_POSITIONS = 1_000;
/** Rules by which a message is not answered because of its content; an edit may change that. */
const CONTEXT_RULES = "'not-addressed', 'empty'";

export class Inbox {
  readonly #store: Store;
  readonly #clock: Clock;

  /** Events as the wire says them. */
  readonly entries: InboxEntries;
  /** Who has written, and where. */
  readonly people: InboxPeople;
  /** Observers of outcomes. */
  readonly watchers = new ManyPort<MessageWatcher>();

  constructor(options: { store: Store; clock: Clock }) {
    this.#store = options.store;
    this.entries = new InboxEntries(options.store);
    this.people = new InboxPeople(options.store);
    this.#clock = options.clock;
  }

  /** Keeps an event unless one of its keys is known. Returns its id, or undefined when it is a redelivery. */
  add({ channel, account }: AccountKey, inbound: Inbound): number | undefined {
    const keys = [...new Set(inbound.keys)];
    for (const key of keys) {
      const isKnown = this.#store.get(
        "select 1 from inbox_keys where channel = ? and account = ? and key = ?",
        ...[channel, account, key],
      );
      if (isKnown) return undefined;
    }
    const { chat, sender, kind, messageId, at } = inbound;
    const { lastInsertRowid: id } = this.#store.run(
      ...insertInto("inbox", {
        ...{ channel, account, kind },
        chat: chat.id,
        thread: chat.threadId,
        chat_kind: chat.kind,
        sender: sender.id,
        message_id: messageId,
        at: Math.max(0, Math.trunc(at)),
        received_at: this.#clock.now(),
        payload: JSON.stringify(inbound),
      }),
    );
    for (const key of keys)
      this.#store.run("insert into inbox_keys values (?, ?, ?, ?)", ...[channel, account, key, id]);
    return id;
  }

  get(id: number): InboxRow | undefined {
    const row = this.#store.get<Row>(`select ${COLUMNS} from inbox where id = ?`, id);
    return row && toInboxRow(row);
  }

  /** The next event of an account after `afterId` that has no outcome and no run. */
  nextReceived({ channel, account }: AccountKey, afterId: number): InboxRow | undefined {
    const row = this.#store.get<Row>(
      `select ${COLUMNS} from inbox
       where channel = ? and account = ? and id > ? and ${IS_OPEN} and state = 'received' order by id limit 1`,
      ...[channel, account, afterId],
    );
    return row && toInboxRow(row);
  }

  /** Events that a run answers. */
  ofRun(runId: string): InboxRow[] {
    return this.#store.all<Row>(`select ${COLUMNS} from inbox where run_id = ? order by id`, runId).map(toInboxRow);
  }

  /** How far the events that a run answers have come. */
  statesOf(runId: string): Pick<InboxRow, "id" | "state">[] {
    return this.#store.all("select id, state from inbox where run_id = ? order by id", runId);
  }

  /** Ids of runs that were started for events and whose events have no outcome yet. */
  runsUnderWay(): string[] {
    return this.#store
      .all<{ runId: string }>(`select distinct run_id as runId from inbox where state = 'running' and ${HAS_RUN}`)
      .map(({ runId }) => runId);
  }

  /** Messages of a chat before an event that were not addressed to the agent, since its last answer; oldest first. */
  unaddressedBefore(row: InboxRow, limit: number): InboxRow[] {
    const { channel, account, id } = row;
    const { id: chat, threadId: thread } = row.inbound.chat;
    const before = { channel, account, chat, thread, id };
    const isBefore = "channel = :channel and account = :account and chat = :chat and thread is :thread and id < :id";
    const since = this.#store.get<{ id: number }>(
      ...named(`select id from inbox where ${isBefore} and ${HAS_RUN} order by id desc limit 1`, before),
    );
    return this.#store
      .all<Row>(
        ...named(
          `select ${COLUMNS} from inbox where ${isBefore} and id > :since
             and kind = 'message' and rule = 'not-addressed' order by id desc limit :limit`,
          { ...before, since: since?.id ?? 0, limit },
        ),
      )
      .map(toInboxRow)
      .reverse();
  }

  /** Notes the run that answers events. */
  answeredBy(ids: readonly number[], { runId, sessionKey, rule, setting, binding }: AnsweringRun): void {
    for (const id of ids) {
      this.#store.run(
        ...named(
          `update inbox set state = 'running', run_id = :runId, session_key = :sessionKey, rule = :rule,
             setting = :setting, binding = :binding where id = :id and ${IS_OPEN}`,
          { id, runId, sessionKey, rule, setting, binding },
        ),
      );
    }
  }

  /** Notes that another run answers the events of a run. */
  joinRun(runId: string, into: string, detail: string): void {
    this.#store.run(
      `update inbox set run_id = ?, detail = ? where run_id = ? and ${IS_OPEN}`,
      ...[into, detail, runId],
    );
  }

  /** Has events decided again whose run is not there: a restore has taken it back before it answered. */
  decideAgain(runId: string): void {
    this.#store.run(
      `update inbox set state = 'received', run_id = null, session_key = null, rule = null, detail = null,
         setting = null, binding = null where run_id = ? and ${IS_OPEN}`,
      runId,
    );
  }

  /** Records the outcome of an event; a later call changes nothing. */
  decide(id: number, { kind, rule, detail, setting }: Outcome): void {
    const { changes } = this.#store.run(
      ...named(
        `update inbox set state = 'done', outcome = :kind, rule = coalesce(:rule, rule),
           detail = coalesce(:detail, detail), setting = coalesce(:setting, setting), decided_at = :now
         where id = :id and ${IS_OPEN}`,
        { id, kind, rule, detail, setting, now: this.#clock.now() },
      ),
    );
    if (changes > 0 && !this.watchers.isEmpty) this.#tell(id);
  }

  #tell(id: number): void {
    const row = this.#store.get<Omit<DecidedMessage, "rule" | "runId"> & { rule: string | null; runId: string | null }>(
      `select id, channel, account, received_at as receivedAt, decided_at as decidedAt, outcome, rule, run_id as runId
       from inbox where id = ?`,
      id,
    );
    if (!row) return;
    const message = { ...row, rule: row.rule ?? undefined, runId: row.runId ?? undefined };
    for (const each of this.watchers) each.decided?.(message);
  }

  /** Corrects the outcome of events whose reply seemed lost: it has been sent again, or given up. */
  amend(runId: string, { kind, rule, detail }: Outcome): void {
    this.#store.run(
      ...named(
        `update inbox set outcome = :kind, rule = coalesce(:rule, rule), detail = :detail, decided_at = :now
         where run_id = :runId and state = 'done'`,
        { runId, kind, rule, detail, now: this.#clock.now() },
      ),
    );
  }

  /**
   * The message that an event is about, whatever its outcome: the newest of the event's own sender with that id. On some
   * platforms senders choose message ids, and another bot counts anew, so an id alone does not identify a message. `isVouched` events may be about anybody's
   * message.
   */
  messageOf({ channel, account, inbound }: Pick<InboxRow, "channel" | "account" | "inbound">): InboxRow | undefined {
    const { chat, messageId, sender } = inbound;
    const isVouched = inbound.kind === "unsend" && inbound.isVouched === true;
    return this.#store
      .all<Row>(
        `select ${COLUMNS} from inbox where message_id = ? and channel = ? and account = ? and chat = ?
         and kind = 'message' order by id desc`,
        ...[messageId, channel, account, chat.id],
      )
      .map(toInboxRow)
      .find((row) => isVouched || isSamePerson(row.inbound.sender, sender));
  }

  /**
   * Replaces the content of a message that no run has begun to answer, or that waits as context. Returns whether it
   * did. Its quote stays, because no platform changes it; its files stay when the edit names none.
   */
  editPending({ id }: Pick<InboxRow, "id">, content: Content): boolean {
    const { text, others, media, items, forwarded, forwardedFrom, mentionsSelf } = content;
    const files = media.length > 0 ? { media } : {};
    const change = { text, others, items, forwarded, forwardedFrom, mentionsSelf, ...files };
    const { changes } = this.#store.run(
      `update inbox set payload = json_patch(payload, ?)
       where id = ? and (state = 'received' or rule in (${CONTEXT_RULES}))`,
      ...[JSON.stringify(change, (_, value: unknown) => (value === undefined ? null : value)), id],
    );
    return changes > 0;
  }

  /** Adds files to a message. Returns whether it still waited for them. */
  addFiles({ id }: Pick<InboxRow, "id">, media: readonly MediaRef[]): boolean {
    const { changes } = this.#store.run(
      `update inbox set payload = json_remove(json_set(payload, '$.media', json(?)), '$.awaitsFiles')
       where id = ? and (state = 'received' or rule in (${CONTEXT_RULES})) and json_extract(payload, '$.awaitsFiles')`,
      ...[JSON.stringify(media), id],
    );
    return changes > 0;
  }

  /** Has a message decided again that was not answered: an edit has addressed it to the agent. */
  reopen({ id }: Pick<InboxRow, "id">): void {
    this.#store.run(
      `update inbox set state = 'received', outcome = null, rule = null, detail = null, setting = null, decided_at = null
       where id = ? and rule in (${CONTEXT_RULES})`,
      id,
    );
  }

  /** Takes back a message that no run has begun to answer, or that waits as context. */
  withdraw({ id }: Pick<InboxRow, "id">): boolean {
    const { changes } = this.#store.run(
      `update inbox set state = 'done', outcome = 'suppressed', rule = 'taken-back', detail = ?, decided_at = ?
       where id = ? and (state = 'received' or rule in (${CONTEXT_RULES}))`,
      ...["Its author took it back before it was answered.", this.#clock.now(), id],
    );
    return changes > 0;
  }

  /** A message of a chat by the platform's id. When several have that id, the one of `senderId`, else the first. */
  messageById(
    { channel, account }: AccountKey,
    chat: string,
    messageId: string,
    senderId?: string,
  ): (InboxRow & { readonly inbound: InboundMessage }) | undefined {
    const all = this.#store
      .all<Row>(
        `select ${COLUMNS} from inbox where message_id = ? and channel = ? and account = ? and chat = ?
         and kind = 'message' order by id`,
        ...[messageId, channel, account, chat],
      )
      .map((row) => toInboxRow(row) as InboxRow & { readonly inbound: InboundMessage });
    return all.find(({ inbound }) => identitiesOf(inbound.sender).some((id) => id === senderId)) ?? all[0];
  }

  /**
   * The message that a live place belongs to: the newest one of its sender in that chat, when a position of it has come
   * since `since`.
   */
  livePlaceBefore({ id, channel, account, inbound: { chat, sender } }: InboxRow, since: number): InboxRow | undefined {
    const rows = this.#store.all<Row>(
      ...named(
        `select ${COLUMNS} from inbox
         where channel = :channel and account = :account and chat = :chat and id < :id and sender = :sender
         and kind = 'message' and json_extract(payload, '$.items[0].isSerial') order by id desc limit ${MAX_POSITIONS}`,
        { channel, account, chat: chat.id, id, sender: sender.id },
      ),
    );
    if (rows[0] === undefined || rows[0].receivedAt < since) return undefined;
    const first = rows.find(({ rule }) => rule !== PLACE_MOVED);
    return first && toInboxRow(first);
  }

  /** How many messages came in each hour since `since`, and how many of them found no answer because something failed. */
  byHour(since: number): { readonly hour: number; readonly count: number; readonly lost: number }[] {
    return this.#store.all(
      `select received_at / 3600000 as hour, count(*) as count,
         count(*) filter (where outcome in ('failed', 'expired')) as lost
       from inbox where kind = 'message' and received_at >= ?1
         and id > coalesce((select id from inbox where received_at < ?1 order by id desc limit 1), 0) group by hour`,
      since,
    );
  }

  /** The number of events of an account without an outcome, and the time of the newest. */
  summary({ channel, account }: AccountKey): { open: number; lastInboundAt: number | undefined } {
    const row = this.#store.get<{ open: number; at: number | null }>(
      `select (select count(*) from inbox where channel = ?1 and account = ?2 and ${IS_OPEN}) as open,
              (select received_at from inbox where channel = ?1 and account = ?2 order by id desc limit 1) as at`,
      channel,
      account,
    );
    return { open: row?.open ?? 0, lastInboundAt: row?.at ?? undefined };
  }

  /** Deletes some events that were decided before `before`, epoch ms; true when more are left. */
  prune(before: number): boolean {
    // Search among the oldest rows only: scanning all rows blocks the loop in a large table.
    const isOver = "id < (select min(id) from inbox) + 2000 and state = 'done' and received_at < ?";
    return this.#store.deleteSome("inbox", isOver, [before], ROWS_PER_STEP);
  }
}
