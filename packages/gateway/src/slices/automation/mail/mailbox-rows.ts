/** The rows of mailboxes: up to which mail each has been read. */
import { replaceInto } from "../../../base/store/statement.ts";
import type { Store } from "../../../base/store/store.ts";

export interface MailboxRow {
  readonly account: string;
  /** Server, user and folder: when one of them changes, it is another mailbox. */
  readonly place: string;
  readonly uidValidity: string;
  readonly lastUid: number;
  /** Mails that came before are not told, epoch ms. */
  readonly since: number;
  readonly lastMailAt: number | null;
}

export class MailboxRows {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get(account: string): MailboxRow | undefined {
    return this.#store.get<MailboxRow>(
      `select account, place, uid_validity as uidValidity, last_uid as lastUid, since, last_mail_at as lastMailAt
       from mail_boxes where account = ?`,
      account,
    );
  }

  save({ account, place, uidValidity, lastUid, since, lastMailAt }: MailboxRow): void {
    this.#store.run(
      ...replaceInto("mail_boxes", {
        ...{ account, place, since },
        uid_validity: uidValidity,
        last_uid: lastUid,
        last_mail_at: lastMailAt,
      }),
    );
  }

  /** Counts that a mail could not be fetched; returns how often in a row. */
  failed(account: string, uid: number): number {
    this.#store.run(
      `update mail_boxes set failures = case when failing_uid = ?1 then failures + 1 else 1 end, failing_uid = ?1
       where account = ?2`,
      ...[uid, account],
    );
    const sql = "select failures from mail_boxes where account = ?";
    return this.#store.get<{ failures: number }>(sql, account)?.failures ?? 0;
  }

  /** Notes that a mail has been taken in; within the transaction that does so. */
  read(account: string, uid: number, at: number | undefined): void {
    this.#store.run(
      "update mail_boxes set last_uid = max(last_uid, ?), last_mail_at = coalesce(?, last_mail_at) where account = ?",
      ...[uid, at ?? null, account],
    );
  }
}
