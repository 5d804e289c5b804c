/** Pairing of unknown senders: each gets a code, by which the owner lets them in (protocol: DM pairing codes). */
import { randomInt } from "node:crypto";
import type { Bus } from "../../../../base/bus.ts";
import { invalidRequest } from "../../../../base/errors.ts";
import { insertInto, replaceInto } from "../../../../base/store/statement.ts";
import type { Store } from "../../../../base/store/store.ts";
import { stored } from "../../../../base/store/stored.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { Peer } from "../../../../kit/party.ts";
import { pairingRequested, pairingResolved } from "../events.ts";
import type { PairedSenderShape, SenderRequestShape } from "../schema.ts";
import type { AccountKey } from "./inbox/inbox-rows.ts";

/** Letters and digits that are not mistaken for each other (protocol: DM pairing codes). */
const ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_CHARS = 8;
const CODE_TTL_MS = 60 * 60_000;
/**
 * The most requests that wait for an account. The oldest makes room for the next, so that waiting requests block
 * nobody. The number is large enough that a few senders cannot push out others within the hour that a code lasts.
 */
const MAX_PENDING = 100;
/** Ids of one person that are kept; no platform proves more than three. */
const MAX_ALIASES = 8;

/** The limits of pairing, for texts that tell people of them. */
export const PAIRING_LIMITS = { pendingPerAccount: MAX_PENDING, ttlMs: CODE_TTL_MS } as const;

interface Row {
  readonly channel: string;
  readonly sender: string;
  readonly account: string;
  readonly name: string | null;
  /** A JSON list. */
  readonly aliases: string;
  readonly code: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
}

const COLUMNS = "channel, sender, account, name, aliases, code, created_at as createdAt, last_seen_at as lastSeenAt";

export class Pairing {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #bus: Bus;

  constructor(options: { store: Store; clock: Clock; bus: Bus }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#bus = options.bus;
  }

  /** Files a request for a stranger. Returns the code to answer with; "known" when they have one already. */
  request({ channel, account }: AccountKey, peer: Peer): { code: string } | "known" {
    this.#prune();
    const now = this.#clock.now();
    const known = this.#find(channel, peer.id);
    if (known) {
      this.#store.run(
        "update sender_requests set last_seen_at = ? where channel = ? and sender = ?",
        ...[now, channel, peer.id],
      );
      return "known";
    }
    const pending = this.#pending(channel);
    for (const { sender } of pending.filter((row) => row.account === account).slice(MAX_PENDING - 1))
      this.#remove(channel, sender);
    const code = freshCode(new Set(pending.map((row) => row.code)));
    const { name, aliases = [] } = peer;
    this.#store.run(
      ...insertInto("sender_requests", {
        ...{ channel, sender: peer.id, account, code },
        name: name?.slice(0, 128),
        created_at: now,
        last_seen_at: now,
        aliases: JSON.stringify(aliases.slice(0, MAX_ALIASES)),
      }),
    );
    this.#bus.publish(pairingRequested, toRequest(this.#find(channel, peer.id)!));
    return { code };
  }

  /** Lets in the sender of a code. Throws `INVALID_REQUEST` when no request has it. */
  approve(channel: string, code: string): PairedSenderShape & { readonly accountId: string } {
    this.#prune();
    const wanted = code.trim().toUpperCase();
    const row = this.#pending(channel).find((each) => each.code === wanted);
    if (!row)
      throw invalidRequest(
        `no pending request with that code on ${channel}; codes last an hour, \`moltbot pairing list\` shows them`,
      );
    const approvedAt = this.#clock.now();
    this.#store.transaction(() => {
      this.#remove(channel, row.sender);
      this.#store.run(
        ...replaceInto("paired_senders", {
          ...{ channel, sender: row.sender, name: row.name, aliases: row.aliases },
          approved_at: approvedAt,
        }),
      );
    });
    this.#bus.publish(pairingResolved, { channel, id: row.sender, decision: "approved" });
    return { ...toPaired({ channel, id: row.sender, name: row.name, approvedAt }), accountId: row.account };
  }

  /** Whether a sender was let in under this id. */
  knows(channel: string, sender: string): boolean {
    const sql = "select 1 from paired_senders where channel = ? and sender = ?";
    return this.#store.get(sql, channel, sender) !== undefined;
  }

  /** Lets in a sender whom another gateway had let in; false when they are known here. */
  adopt(channel: string, sender: string): boolean {
    const { changes } = this.#store.run(
      "insert or ignore into paired_senders (channel, sender, name, approved_at, aliases) values (?, ?, null, ?, '[]')",
      ...[channel, sender, this.#clock.now()],
    );
    return changes > 0;
  }

  /** Removes a sender under any of their ids, whether they wait or were let in. */
  revoke(channel: string, sender: string): boolean {
    const removed = this.#store.transaction(() => {
      let changes = 0;
      for (const table of ["sender_requests", "paired_senders"])
        changes += this.#store.run(
          `delete from ${table} where channel = ?1 and (sender = ?2 or exists
             (select 1 from json_each(aliases) where value = ?2))`,
          ...[channel, sender],
        ).changes;
      return changes > 0;
    });
    if (removed) this.#bus.publish(pairingResolved, { channel, id: sender, decision: "rejected" });
    return removed;
  }

  /** Whether a sender was let in. `ids` are all their ids; new ones are stored, so that each can be revoked. */
  isPaired(channel: string, ids: readonly string[]): boolean {
    const wanted = JSON.stringify(ids);
    const row = this.#store.get<{ sender: string; aliases: string }>(
      `select sender, aliases from paired_senders where channel = ?1 and
         (sender in (select value from json_each(?2)) or exists
           (select 1 from json_each(aliases) where value in (select value from json_each(?2))))`,
      ...[channel, wanted],
    );
    if (!row) return false;
    const known = stored<string[]>(row.aliases);
    const all = [...new Set([...known, ...ids])].filter((id) => id !== row.sender).slice(0, MAX_ALIASES);
    if (all.length > known.length)
      this.#store.run(
        "update paired_senders set aliases = ? where channel = ? and sender = ?",
        ...[JSON.stringify(all), channel, row.sender],
      );
    return true;
  }

  list(channel?: string): { pending: SenderRequestShape[]; approved: PairedSenderShape[] } {
    this.#prune();
    const approved = this.#store.all<{ channel: string; id: string; name: string | null; approvedAt: number }>(
      `select channel, sender as id, name, approved_at as approvedAt from paired_senders
       where ?1 is null or channel = ?1 order by approved_at desc`,
      channel ?? null,
    );
    return { pending: this.#pending(channel).map(toRequest), approved: approved.map(toPaired) };
  }

  #pending(channel?: string): Row[] {
    return this.#store.all<Row>(
      `select ${COLUMNS} from sender_requests where ?1 is null or channel = ?1 order by created_at desc`,
      channel ?? null,
    );
  }

  #find(channel: string, sender: string): Row | undefined {
    return this.#store.get<Row>(
      `select ${COLUMNS} from sender_requests where channel = ? and sender = ?`,
      ...[channel, sender],
    );
  }

  #remove(channel: string, sender: string): boolean {
    return this.#store.run("delete from sender_requests where channel = ? and sender = ?", channel, sender).changes > 0;
  }

  #prune(): void {
    this.#store.run("delete from sender_requests where created_at < ?", this.#clock.now() - CODE_TTL_MS);
  }
}

/** The text for a stranger (protocol: DM pairing codes). */
export function pairingText(channel: string, label: string, senderId: string, code: string): string {
  return [
    "Moltbot: access not configured.",
    "",
    `Your ${label} id: ${senderId}`,
    "",
    `Pairing code: ${code}`,
    "",
    "Ask the bot owner to approve with:",
    `moltbot pairing approve ${channel} ${code}`,
  ].join("\n");
}

function freshCode(taken: ReadonlySet<string>): string {
  for (;;) {
    const code = Array.from({ length: CODE_CHARS }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
    if (!taken.has(code)) return code;
  }
}

function toRequest({ channel, account, sender, name, code, createdAt, lastSeenAt }: Row): SenderRequestShape {
  return {
    channel,
    accountId: account,
    id: sender,
    ...(name !== null && { name }),
    code,
    createdAt,
    lastSeenAt,
    expiresAt: createdAt + CODE_TTL_MS,
  };
}

function toPaired(row: { channel: string; id: string; name: string | null; approvedAt: number }): PairedSenderShape {
  const { name, ...rest } = row;
  return { ...rest, ...(name !== null && { name }) };
}
