import { defineTables } from "../../../kit/tables.ts";

/** Reminders: who asked for each, and where it is said. The job of a reminder says when it is due. */
export const tables = defineTables("reminders", [
  `create table reminders (
     id integer primary key autoincrement,
     key text not null unique,
     job_id text unique,
     principal text not null,
     session_key text not null,
     route text,
     text text not null,
     tz text not null,
     created_at integer not null
   ) strict;
   create index reminders_of on reminders (principal);`,
]);
