/** Decisions about commands. Waiting requests are in memory only: after a crash nothing is approved. */
import { defineTables } from "../../../kit/tables.ts";

export const tables = defineTables("approvals", [
  `create table exec_decisions (
     id text primary key,
     command text not null,
     cwd text,
     agent text,
     session_key text,
     decision text not null,
     decided_by text,
     surface text,
     decided_at integer not null
   ) strict;
   create index exec_decisions_by_time on exec_decisions (decided_at);`,
]);
