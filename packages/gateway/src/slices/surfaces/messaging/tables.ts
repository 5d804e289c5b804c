/** Messages in, messages out, and what accounts remember. */
import { defineTables } from "../../../kit/tables.ts";
import { CARRIED_OVER } from "./carried-over.ts";

export const tables = defineTables(
  "messaging",
  [
    `create table inbox (
     id integer primary key autoincrement,
     channel text not null,
     account text not null,
     chat text not null,
     thread text,
     chat_kind text not null,
     sender text not null,
     kind text not null,
     message_id text not null,
     at integer not null,
     received_at integer not null,
     payload text not null,
     state text not null default 'received' check (state in ('received', 'running', 'done')),
     run_id text,
     session_key text,
     outcome text,
     rule text,
     detail text,
     setting text,
     decided_at integer
   ) strict;
   create index inbox_open on inbox (channel, account, id) where state <> 'done';
   create index inbox_run on inbox (run_id) where run_id is not null;
   create index inbox_chat on inbox (channel, account, chat, id);
   create index inbox_message on inbox (message_id);

   create table inbox_keys (
     channel text not null,
     account text not null,
     key text not null,
     inbox_id integer not null references inbox (id) on delete cascade,
     primary key (channel, account, key)
   ) strict, without rowid;
   create index inbox_keys_of on inbox_keys (inbox_id);

   create table outbox (
     id integer primary key autoincrement,
     client_id text not null unique,
     channel text not null,
     account text not null,
     chat text not null,
     thread text,
     origin text not null,
     part integer not null,
     payload text not null,
     session_key text,
     state text not null check (state in ('composing', 'queued', 'sending', 'sent', 'unknown', 'failed')),
     problem text,
     provider_id text,
     attempts integer not null default 0,
     not_before integer not null default 0,
     queued_at integer not null,
     expires_at integer not null,
     sent_at integer,
     unique (origin, part)
   ) strict;
   create index outbox_open on outbox (channel, account, id) where state in ('composing', 'queued', 'sending');
   create index outbox_provider on outbox (channel, account, provider_id) where provider_id is not null;

   create table channel_state (
     channel text not null,
     account text not null,
     key text not null,
     value text not null,
     primary key (channel, account, key)
   ) strict, without rowid;

   create table chats (
     channel text not null,
     account text not null,
     chat text not null,
     kind text not null,
     title text,
     space text,
     is_self integer not null default 0,
     is_member integer not null default 1,
     last_at integer not null,
     primary key (channel, account, chat)
   ) strict, without rowid;

   create table sender_requests (
     channel text not null,
     sender text not null,
     account text not null,
     name text,
     code text not null,
     created_at integer not null,
     last_seen_at integer not null,
     primary key (channel, sender)
   ) strict, without rowid;

   create table paired_senders (
     channel text not null,
     sender text not null,
     name text,
     approved_at integer not null,
     primary key (channel, sender)
   ) strict, without rowid;`,
    "alter table inbox add column binding text",
    // One person may be known by several ids that their platform proves to be one account.
    `alter table paired_senders add column aliases text not null default '[]';
   alter table sender_requests add column aliases text not null default '[]';
   update inbox set payload = json_remove(payload, '$.sender.aliases')
     where state <> 'done' and channel in ('telegram', 'discord');`,
  ],
  {
    finished: { inbox: "state = 'done'", outbox: "state in ('sent', 'unknown', 'failed')" },
    carriedOver: CARRIED_OVER,
    carriedFiles: ["media/outbound"],
  },
);
