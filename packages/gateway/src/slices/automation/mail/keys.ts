/** Passwords of mailboxes in the environment. */
import type { Env } from "../../../base/files.ts";

const PREFIX = "MOLTBOT_MAIL_PASSWORD";

/** The password of a mailbox: its own, else the one for all. */
export function passwordIn(env: Env, account: string): string | undefined {
  return env[`${PREFIX}_${account.toUpperCase().replaceAll("-", "_")}`] || env[PREFIX] || undefined;
}

/** Every password in the environment: none leaves the process. */
export function keysIn(env: Env): string[] {
  return Object.entries(env).flatMap(([name, value]) => (name.startsWith(PREFIX) && value ? [value] : []));
}
