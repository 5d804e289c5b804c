import { defineTables } from "../../../kit/tables.ts";

/**
 * The log of what canvases showed, and the last known text of each file of each agent's folder. `undone_by` is the entry that took
 * this one back. Which
 * conversation drew a surface on a node.
 */
export const tables = defineTables("canvas", [
  `create table canvas_log (
    seq integer primary key autoincrement,
    at integer not null,
    session_key text not null,
    kind text not null,
    author text not null,
    body text not null,
    path text,
    before text,
    restores text,
    bytes integer not null,
    shown_on integer not null default 0,
    undone_by integer
  ) strict;
  create index canvas_log_of_session on canvas_log (session_key, seq);
  create table canvas_files (
    path text primary key,
    fingerprint text not null,
    state text not null,
    text text
  ) strict;`,
  `create table canvas_node_surfaces (
    node_id text not null,
    surface_id text not null,
    session_key text not null,
    primary key (node_id, surface_id)
  ) strict;`,
  // What was known of files is learnt anew: nobody noted whose they are.
  `drop table canvas_files;
  create table canvas_agent_files (
    agent_id text not null,
    path text not null,
    fingerprint text not null,
    state text not null,
    text text,
    primary key (agent_id, path)
  ) strict;`,
]);
