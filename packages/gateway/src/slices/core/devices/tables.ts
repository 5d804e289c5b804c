import { defineTables } from "../../../kit/tables.ts";

/** Token values are never stored: they are derived from the gateway's key and the row's version. */
export const tables = defineTables("devices", [
  `create table devices (
    device_id text primary key,
    public_key text not null,
    display_name text,
    platform text,
    client_id text,
    client_mode text,
    remote_ip text,
    roles text not null,
    scopes text not null,
    created_at integer not null,
    approved_at integer not null
  ) strict;
  create table device_tokens (
    device_id text not null references devices on delete cascade,
    role text not null,
    version integer not null,
    scopes text not null,
    created_at integer not null,
    rotated_at integer,
    revoked_at integer,
    last_used_at integer,
    primary key (device_id, role)
  ) strict;
  create table pairing_requests (
    request_id text primary key,
    device_id text not null unique,
    public_key text not null,
    display_name text,
    platform text,
    client_id text,
    client_mode text,
    remote_ip text,
    role text not null,
    scopes text not null,
    is_repair integer not null,
    requested_at integer not null
  ) strict;`,
  // Tokens of another gateway, as SHA-256: each is accepted once.
  `create table old_tokens (
    device_id text not null references devices on delete cascade,
    role text not null,
    hash text not null,
    primary key (device_id, role)
  ) strict, without rowid;`,
]);
