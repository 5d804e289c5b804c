import { defineTables } from "../../../kit/tables.ts";

/** What people named and approved of nodes. A surface without `commands` was seen and is not approved yet. */
export const tables = defineTables("nodes", [
  `create table node_names (
    node_id text primary key,
    name text not null
  ) strict;
  create table node_surfaces (
    node_id text primary key,
    commands text,
    caps text,
    approved_at integer
  ) strict;
  create table voice_triggers (
    position integer primary key,
    word text not null
  ) strict;`,
]);
