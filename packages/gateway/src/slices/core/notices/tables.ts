/** News that wait for an agent's next turn, and those that a run has taken, for as long as their keys must be known. */
import { defineTables } from "../../../kit/tables.ts";

export const tables = defineTables("notices", [
  `create table notices (
     id integer primary key,
     at integer not null,
     session_key text not null,
     words text not null,
     about text,
     key text unique,
     is_news integer not null,
     run_id text
   ) strict;
   create index notices_waiting on notices (session_key, id) where run_id is null;
   create index notices_taken on notices (run_id) where run_id is not null;`,
]);
