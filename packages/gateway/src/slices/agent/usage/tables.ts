/** What models took: each call for a while, the sums of days and conversations for longer. */
import { defineTables } from "../../../kit/tables.ts";

const SUMS = `calls integer not null, input integer not null, output integer not null, cache_read integer not null,
     cache_write integer not null, cost integer not null, unpriced integer not null, estimated integer not null`;

/** Costs are millionths of a dollar. An agent of "" is a call outside any conversation. */
export const tables = defineTables("usage", [
  `create table usage_calls (
     seq integer primary key,
     at integer not null,
     day text not null,
     run_id text,
     session_key text,
     session_id text,
     agent_id text not null,
     provider text not null,
     model text not null,
     input integer not null,
     output integer not null,
     cache_read integer not null,
     cache_write integer not null,
     cost integer,
     is_estimate integer not null
   ) strict;
   create index usage_calls_by_day on usage_calls (day);
   create index usage_calls_by_run on usage_calls (run_id) where run_id is not null;

   create table usage_days (
     day text not null, agent_id text not null, provider text not null, model text not null,
     ${SUMS},
     primary key (day, agent_id, provider, model)
   ) strict, without rowid;

   create table usage_sessions (
     session_id text primary key, session_key text not null, at integer not null,
     ${SUMS}
   ) strict, without rowid;`,
]);
