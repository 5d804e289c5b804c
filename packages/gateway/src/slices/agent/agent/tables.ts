/** Runs, so that none is lost or done twice, and the notes of the built-in agent. */
import { defineTables } from "../../../kit/tables.ts";

const ASKED = "source, principal, session_key, session_id, request, attempts, accepted_at, started_at";
const END = "state, ended_at, partial, outcome";
/** Whether a run of the one database is that of the other. */
const SAME_RUN = "newer.id = old.id and newer.accepted_at = old.accepted_at";
const IS_OPEN = "state in ('accepted', 'running')";
/** A run that began something which nobody can take back: the transcript that knows it has gone. */
const TAKEN_BACK = JSON.stringify({
  ...{ kind: "error", text: "", provider: "moltbot", model: "commands" },
  error: "The gateway went back to a backup while this was worked on. See what was done, and send the message again.",
});

/**
 * A run that has ended since a backup does not work again, and the retry of its request finds it; nor does one that had
 * begun to change something. Others are done anew.
 */
const CARRIED_OVER = [
  `create temp table ends (id text primary key, ${END});
   insert into temp.ends select id, ${END} from before.runs where not ${IS_OPEN};
   insert into temp.ends
     select id, 'error', coalesce(started_at, accepted_at), '', '${TAKEN_BACK.replaceAll("'", "''")}' from before.runs one
     where ${IS_OPEN} and exists (
       select 1 from before.tool_calls newer where newer.run_id = one.id and not exists (
         select 1 from main.tool_calls old where old.run_id = newer.run_id and old.call_id = newer.call_id));
   update main.delegations as old set told =
     (select told from before.delegations newer where newer.run_id = old.run_id)
   where told <> 'done' and run_id in (select run_id from before.delegations where told in ('no', 'done'));
   update main.runs as old set (${END}) = (select ${END} from temp.ends where ends.id = old.id)
   where ${IS_OPEN} and exists (select 1 from before.runs newer join temp.ends using (id) where ${SAME_RUN});
   insert into main.runs (id, ${ASKED}, ${END})
     select newer.id, ${ASKED}, ends.state, ends.ended_at, ends.partial, ends.outcome
     from before.runs newer join temp.ends using (id) where true order by accepted_at on conflict do nothing;
   drop table temp.ends;`,
];

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
  {
    finished: { runs: "state in ('ok', 'error', 'aborted')", delegations: "told in ('no', 'done')" },
    carriedOver: CARRIED_OVER,
  },
);
