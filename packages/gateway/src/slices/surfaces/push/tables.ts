import { defineTables } from "../../../kit/tables.ts";

/** Addresses at push services; whoever knows one and its keys can send to that browser. */
export const tables = defineTables("push", [
  `create table push_subscriptions (
    endpoint text primary key,
    device_id text not null,
    p256dh text not null,
    auth text not null,
    created_at integer not null
  ) strict;
  create index push_subscriptions_of_device on push_subscriptions (device_id);`,
]);
