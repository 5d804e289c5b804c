/** What imports have added, so that each can be taken back. */
import { defineTables } from "../../../kit/tables.ts";

export const tables = defineTables("imports", [
  `create table imports (
     id text primary key,
     folder text not null,
     at integer not null,
     record text not null,
     undone_at integer
   ) strict;`,
]);
