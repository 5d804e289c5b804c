/** Which runs are kept for replay; the recordings themselves are files. */
import { defineTables } from "../../../kit/tables.ts";

export const tables = defineTables("recordings", [
  `create table recordings (
     run_id text primary key,
     at integer not null,
     bytes integer not null
   ) strict;
   create index recordings_by_time on recordings (at);`,
]);
