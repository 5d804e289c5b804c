import { defineTables } from "../../../kit/tables.ts";

const DELIVERY = `at, hook, source, outcome, status, answer, reason, event_id, bytes, repeats, name, wake_mode, agent_id,
  session_key, run_id, run_end, run_problem`;

/**
 * What was done for a delivery since a backup, be it of a program or a mail, is not done again; what was not done is. A
 * delivery without keys is known by what was noted of it.
 */
const CARRIED_OVER = [
  `create temp table handled (was integer primary key, now integer not null);
   insert into temp.handled
     select id, id + max(0, 1 - min(id) over () + (select coalesce(max(id), 0) from main.hook_deliveries))
     from before.hook_deliveries newer
     where (run_id is null or run_end is not null) and not exists (
       select 1 from before.hook_keys one join main.hook_keys other using (key) where one.delivery = newer.id)
     and not exists (
       select 1 from main.hook_deliveries old where old.at = newer.at and old.hook = newer.hook
       and old.source = newer.source and old.status = newer.status and old.bytes = newer.bytes
       and old.answer = newer.answer and old.run_id is newer.run_id);
   insert into main.hook_deliveries (id, ${DELIVERY})
     select now, ${DELIVERY} from before.hook_deliveries join temp.handled on was = id where true on conflict do nothing;
   insert into main.hook_keys
     select key, now from before.hook_keys join temp.handled on was = delivery
     where now in (select id from main.hook_deliveries) on conflict do nothing;
   drop table temp.handled;`,
  `update main.hook_deliveries as old set (run_end, run_problem) =
     (select run_end, run_problem from before.hook_deliveries newer where newer.run_id = old.run_id)
   where run_end is null and run_id in (select run_id from before.hook_deliveries where run_end is not null);`,
];

/** What other programs have delivered, the keys that a retry is known by, and what became of each. */
export const tables = defineTables(
  "hooks",
  [
    `create table hook_deliveries (
       id integer primary key,
       at integer not null,
       hook text not null,
       source text not null,
       outcome text not null check (outcome in ('accepted', 'woken', 'skipped', 'refused', 'failed')),
       status integer not null,
       answer text not null,
       reason text,
       event_id text,
       bytes integer not null,
       repeats integer not null default 0,
       name text,
       wake_mode text,
       agent_id text,
       session_key text,
       run_id text unique,
       run_end text,
       run_problem text
     ) strict;
     create index hook_deliveries_by_time on hook_deliveries (at);

     create table hook_keys (
       key text primary key,
       delivery integer not null references hook_deliveries (id) on delete cascade
     ) strict, without rowid;
     create index hook_keys_of on hook_keys (delivery);`,
  ],
  { carriedOver: CARRIED_OVER },
);
