import { defineTables } from "../../../kit/tables.ts";

/** How far each mailbox has been read. A UID counts within one validity only (RFC 9051, 2.3.1.1). */
export const tables = defineTables("mail", [
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
]);
