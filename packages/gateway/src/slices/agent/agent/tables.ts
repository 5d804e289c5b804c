/** Runs, so that none is lost or done twice, and the notes of the built-in agent. */
import { defineTables } from "../../../kit/tables.ts";

export const tables = defineTables(
  "agent",
  [
    `create table runs (
     id text primary key,
     source text not null,
     principal text not null,
     session_key text not null,
     session_id text not null,
     request text not null,
     state text not null check (state in ('accepted', 'running', 'ok', 'error', 'aborted')),
     attempts integer not null default 0,
     accepted_at integer not null,
     started_at integer,
     ended_at integer,
     partial text not null default '',
     outcome text
   ) strict;
   create index runs_open on runs (accepted_at) where state in ('accepted', 'running');
   create index runs_ended on runs (ended_at) where ended_at is not null;

   create table notes (
     id integer primary key,
     run_id text not null unique,
     at integer not null,
     text text not null
   ) strict;`,
    `create table tool_calls (
     run_id text not null references runs (id) on delete cascade,
     call_id text not null,
     name text not null,
     started_at integer not null,
     primary key (run_id, call_id)
   ) strict, without rowid;`,
    `create table delegations (
     run_id text primary key references runs (id) on delete cascade,
     kind text not null check (kind in ('spawn', 'send')),
     parent_run text not null,
     parent_session text not null,
     session_key text not null,
     label text not null,
     told text not null check (told in ('no', 'wanted', 'due', 'done'))
   ) strict;
   create index delegations_parents on delegations (parent_run);
   create index delegations_due on delegations (told) where told = 'due';`,
    `create table acp_sessions (
     session_id text not null,
     agent_id text not null,
     acp_session_id text not null,
     at integer not null,
     primary key (session_id, agent_id)
   ) strict, without rowid;`,
    // The id of the peer who left it; null for the owner's notes.
    "alter table notes add column guest text;",
  ],
  { finished: { runs: "state in ('ok', 'error', 'aborted')", delegations: "told in ('no', 'done')" } },
);
