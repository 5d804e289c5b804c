import { defineTables } from "../../../kit/tables.ts";

/** Jobs, and their slots: one row for each time at which a job was due, or was run by hand. */
export const tables = defineTables(
  "cron",
  [
    `create table cron_jobs (
       id text primary key,
       config text not null,
       enabled integer not null,
       next_at integer,
       errors integer not null default 0,
       declaration_key text unique,
       created_at integer not null,
       updated_at integer not null
     ) strict;
     create index cron_jobs_due on cron_jobs (next_at) where enabled = 1;

     create table cron_slots (
       id integer primary key,
       job_id text not null,
       job_name text not null,
       slot_at integer not null,
       cause text not null check (cause in ('schedule', 'person')),
       outcome text not null check (outcome in ('fired', 'late', 'missed', 'coalesced')),
       state text not null check (state in ('waiting', 'running', 'ok', 'error', 'skipped')),
       run_id text unique,
       started_at integer,
       ended_at integer,
       error text,
       summary text,
       delivery text not null,
       delivery_error text,
       unique (job_id, slot_at, cause)
     ) strict;
     create index cron_slots_open on cron_slots (state, id) where state in ('waiting', 'running');`,
  ],
  { cron_slots: "state not in ('waiting', 'running')" },
);
