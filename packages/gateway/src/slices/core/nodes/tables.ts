import { defineTables } from "../../../kit/tables.ts";

/** What people named and approved of nodes, and calls that wait. A surface without `commands` is not approved yet. */
export const tables = defineTables(
  "nodes",
  [
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
    `create table legacy_nodes (
    node_id text primary key,
    facts text not null,
    token_sha256 text not null,
    approved_at integer not null
  ) strict;
  create table node_calls (
    id text primary key,
    node_id text not null,
    command text not null,
    params text not null,
    timeout_ms integer not null,
    principal text not null,
    idempotency_key text not null,
    session_key text,
    run_id text,
    state text not null,
    created_at integer not null,
    expires_at integer not null,
    ended_at integer,
    answer text,
    error text,
    is_told integer not null,
    unique (principal, idempotency_key)
  ) strict;
  create index node_calls_state on node_calls (state, node_id);`,
    "alter table node_calls add column asked_by text;",
  ],
  { finished: { node_calls: "ended_at is not null" } },
);
