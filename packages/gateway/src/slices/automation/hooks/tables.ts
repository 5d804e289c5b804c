import { defineTables } from "../../../kit/tables.ts";

/** What other programs have delivered, the keys that a retry is known by, and what became of each. */
export const tables = defineTables("hooks", [
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
]);
