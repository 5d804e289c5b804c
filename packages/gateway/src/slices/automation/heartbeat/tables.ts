/** The turns of heartbeats: when a model was asked, because of what, and what came of it. */
import { defineTables } from "../../../kit/tables.ts";

export const tables = defineTables("heartbeat", [
  `create table heartbeat_turns (
     run_id text primary key,
     agent_id text not null,
     at integer not null,
     day text not null,
     reason text not null,
     pages text not null,
     is_handled integer not null default 0,
     outcome text,
     told text
   ) strict, without rowid;
   create index heartbeat_turns_by_day on heartbeat_turns (agent_id, day);
   create index heartbeat_turns_by_time on heartbeat_turns (at);`,
]);
