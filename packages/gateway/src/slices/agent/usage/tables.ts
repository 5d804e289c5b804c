/** What models took: each call for a while, the sums of days and conversations for longer. */
import { defineTables } from "../../../kit/tables.ts";

const SUMS = `calls integer not null, input integer not null, output integer not null, cache_read integer not null,
     cache_write integer not null, cost integer not null, unpriced integer not null, estimated integer not null`;

const COUNTED = ["calls", "input", "output", "cache_read", "cache_write", "cost", "unpriced", "estimated"];
const ALL_COUNTED = COUNTED.join(", ");
/** The newer database has counted all that the older one has: its sums are the larger ones. */
const LARGER = COUNTED.map((name) => `${name} = max(${name}, excluded.${name})`).join(", ");
const CALL = `at, day, run_id, session_key, session_id, agent_id, provider, model, input, output, cache_read, cache_write,
  cost, is_estimate`;

/** What was spent since a backup is spent: budgets count it. */
const CARRIED_OVER = [
  `insert into main.usage_calls (${CALL})
     select ${CALL} from (select ${CALL} from before.usage_calls except select ${CALL} from main.usage_calls) order by at;
   insert into main.usage_days (day, agent_id, provider, model, ${ALL_COUNTED})
     select day, agent_id, provider, model, ${ALL_COUNTED} from before.usage_days where true
     on conflict do update set ${LARGER};
   insert into main.usage_sessions (session_id, session_key, at, ${ALL_COUNTED})
     select session_id, session_key, at, ${ALL_COUNTED} from before.usage_sessions where true
     on conflict do update set at = max(at, excluded.at), ${LARGER};`,
];

/** Costs are millionths of a dollar. An agent of "" is a call outside any conversation. */
export const tables = defineTables(
  "usage",
  [
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
  ],
  { carriedOver: CARRIED_OVER },
);
