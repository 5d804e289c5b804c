/** Sessions and what was said in them. */
import { defineTables } from "../../../kit/tables.ts";

export const tables = defineTables("sessions", [
  `create table sessions (
     key text primary key,
     session_id text not null,
     agent_id text,
     label text,
     details text not null default '{}',
     input_tokens integer not null default 0,
     output_tokens integer not null default 0,
     total_tokens integer not null default 0,
     created_at integer not null,
     updated_at integer not null
   ) strict;
   create unique index sessions_by_label on sessions (label) where label is not null;
   create index sessions_by_id on sessions (session_id);
   create index sessions_by_update on sessions (updated_at);

   create table messages (
     seq integer primary key,
     id text not null unique,
     session_key text not null,
     session_id text not null,
     run_id text,
     role text not null,
     at integer not null,
     text text not null,
     body text not null,
     archived_at integer
   ) strict;
   create index messages_by_session on messages (session_id, seq);
   create index messages_by_key on messages (session_key);
   create index messages_by_run on messages (run_id) where run_id is not null;

   create table message_media (
     seq integer not null references messages (seq) on delete cascade,
     sha256 text not null,
     primary key (seq, sha256)
   ) strict, without rowid;
   create index message_media_by_file on message_media (sha256);

   create virtual table messages_search using fts5 (
     text, content = 'messages', content_rowid = 'seq', tokenize = 'unicode61 remove_diacritics 2'
   );
   create trigger messages_search_insert after insert on messages begin
     insert into messages_search (rowid, text) values (new.seq, new.text);
   end;
   create trigger messages_search_delete after delete on messages begin
     insert into messages_search (messages_search, rowid, text) values ('delete', old.seq, old.text);
   end;
   create trigger messages_search_update after update of text on messages begin
     insert into messages_search (messages_search, rowid, text) values ('delete', old.seq, old.text);
     insert into messages_search (rowid, text) values (new.seq, new.text);
   end;`,
  "create index messages_of_the_gateway on messages (session_id, seq) where role = 'system'",
  // Changes no table, but raises the version: earlier programs cannot read a text that is stored once, and must not
  // try.
  "-- the body of a message may say where its text stands (message-body.ts)",
  `create table beginnings (
     session_id text primary key,
     session_key text not null,
     at integer not null,
     reason text not null
   ) strict;
   create index beginnings_by_key on beginnings (session_key);

   create table branches (
     id text primary key,
     session_key text not null,
     session_id text not null,
     at integer not null,
     first_seq integer not null,
     last_seq integer not null,
     instead text not null
   ) strict;
   create index branches_by_key on branches (session_key, at);
   create index branches_by_session on branches (session_id);`,
]);
