/** Where WebChat shows what a command has printed. */

import { isRecord } from "../../base/config/config.ts";
import type { Call } from "../language/command.ts";
import { readLocalConfig, resolveTarget } from "../reach/target.ts";

/** What follows `#` in the page's address: the id of a page, or `chat/` and a conversation. */
export type PageOf = string | ((words: readonly string[]) => string | undefined);

/**
 * Says on a terminal where the page shows the same. Scripts, pipes and `--json` get nothing; neither does who reaches the gateway
 * through a tunnel, which is closed by then.
 */
export function tellPage(page: PageOf | undefined, { flags, env, out, words }: Call): void {
  const place = typeof page === "function" ? page(words) : page;
  if (place === undefined || flags.json || !out.isTerminal) return;
  const target = resolveTarget(flags, env);
  if (target.ssh || (target.isLocal && !hasPage(target.stateDir, env))) return;
  const address = new URL(target.url.replace(/^ws/, "http"));
  // A secret of the address stays where it was typed.
  Object.assign(address, { username: "", password: "", search: "", hash: place });
  out.print(out.style.dim(`On the page: ${address.href}`));
}

function hasPage(stateDir: string, env: NodeJS.ProcessEnv): boolean {
  const { gateway } = readLocalConfig(stateDir, env);
  const { controlUi } = isRecord(gateway) ? gateway : {};
  return !isRecord(controlUi) || controlUi.enabled !== false;
}

/** The place of a conversation; colons stay readable. */
export function placeOfSession(sessionKey: string | undefined): string | undefined {
  return sessionKey === undefined ? undefined : `chat/${encodeURIComponent(sessionKey).replaceAll("%3A", ":")}`;
}
