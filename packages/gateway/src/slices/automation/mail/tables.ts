import { defineTables } from "../../../kit/tables.ts";

/** Mail that was handled since a backup is not handled again. */
const READ_SINCE = `update main.mail_boxes as old set (last_uid, last_mail_at) =
    (select last_uid, last_mail_at from before.mail_boxes newer where newer.account = old.account)
  where exists (select 1 from before.mail_boxes newer where newer.account = old.account and newer.place = old.place
    and newer.uid_validity = old.uid_validity and newer.last_uid > old.last_uid);`;

/** How far each mailbox has been read. A UID counts within one validity only (RFC 9051, 2.3.1.1). */
export const tables = defineTables(
  "mail",
  [
    `create table mail_boxes (
     account text primary key,
     place text not null,
     uid_validity text not null,
     last_uid integer not null,
     since integer not null,
     last_mail_at integer
   ) strict, without rowid;`,
    // Which mail could not be fetched, and how often in a row.
    `alter table mail_boxes add column failing_uid integer;
   alter table mail_boxes add column failures integer not null default 0;`,
  ],
  { carriedOver: [READ_SINCE] },
);
