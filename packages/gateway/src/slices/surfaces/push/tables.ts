import { defineTables } from "../../../kit/tables.ts";

/** Addresses at push services. An address and its keys are enough to send to that browser, so they are secrets. */
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
