import { defineTables } from "../../../kit/tables.ts";

const SLOT = `job_id, job_name, slot_at, begins_at, cause, attempt, work, outcome, state, run_id, started_at, ended_at, error,
  summary, delivery, delivery_error`;
const POST = "origin, url, body, state, attempts, not_before, queued_at, problem";

/** A job for one time that has had it since a backup: `deleteAfterRun` removes it, else it is switched off. */
const HAS_BEEN = `config ->> '$.schedule.kind' = 'at' and id in (
     select job_id from before.cron_slots where state = 'ok' and cause <> 'person')`;

/** A job that has had its turn since a backup does not have it again, and what waits to be posted is posted. */
const CARRIED_OVER = [
  `delete from main.cron_slots where state in ('waiting', 'running') and (job_id, slot_at, cause) in
     (select job_id, slot_at, cause from before.cron_slots where state not in ('waiting', 'running'));
   insert into main.cron_slots (${SLOT})
     select ${SLOT} from before.cron_slots where state not in ('waiting', 'running') order by id on conflict do nothing;`,
  `delete from main.cron_jobs
     where ${HAS_BEEN} and config ->> '$.deleteAfterRun' and id not in (select id from before.cron_jobs);
   update main.cron_jobs set enabled = 0, next_at = null
     where ${HAS_BEEN} and (id, config) in (select id, config from before.cron_jobs where enabled = 0);`,
  `delete from main.cron_posts where state = 'waiting' and origin in
     (select origin from before.cron_posts where state <> 'waiting');
   insert into main.cron_posts (${POST}) select ${POST} from before.cron_posts order by id on conflict do nothing;`,
];

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
    // A retry is a row too, which begins at a time of its own; what is posted to other programs waits in rows.
    `alter table cron_jobs add column state text not null default '{}';
     create index cron_jobs_by_next on cron_jobs (next_at is null, next_at, id, enabled);
     create index cron_jobs_by_change on cron_jobs (updated_at);

     create table cron_slots_new (
       id integer primary key,
       job_id text not null,
       job_name text not null,
       slot_at integer not null,
       begins_at integer not null,
       cause text not null check (cause in ('schedule', 'person', 'retry')),
       attempt integer not null default 0,
       work text not null check (work in ('tell', 'run', 'program')),
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
     insert into cron_slots_new (id, job_id, job_name, slot_at, begins_at, cause, work, outcome, state, run_id, started_at,
         ended_at, error, summary, delivery, delivery_error)
       select id, job_id, job_name, slot_at, slot_at, cause, 'run', outcome, state, run_id, started_at, ended_at, error,
         summary, delivery, delivery_error from cron_slots;
     drop table cron_slots;
     alter table cron_slots_new rename to cron_slots;
     create index cron_slots_waiting on cron_slots (begins_at, id) where state = 'waiting';
     create index cron_slots_running on cron_slots (work) where state = 'running';
     create index cron_slots_busy on cron_slots (job_id) where state in ('waiting', 'running');
     create index cron_slots_by_job on cron_slots (job_id, id);
     create index cron_slots_by_time on cron_slots (slot_at);

     create table cron_posts (
       id integer primary key,
       origin text not null unique,
       slot_id integer,
       url text not null,
       body text not null,
       state text not null check (state in ('waiting', 'sent', 'failed')),
       attempts integer not null default 0,
       not_before integer not null,
       queued_at integer not null,
       problem text
     ) strict;
     create index cron_posts_waiting on cron_posts (not_before) where state = 'waiting';`,
  ],
  {
    finished: { cron_slots: "state not in ('waiting', 'running')", cron_posts: "state <> 'waiting'" },
    carriedOver: CARRIED_OVER,
  },
);
