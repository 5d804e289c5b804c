/** How Tailscale brings others to a gateway, in one line. */
import type { Methods } from "@moltbot/protocol";

/** For example `auto, serve, https://box.tail1.ts.net`. */
export function tailscaleLine({
  mode,
  state,
  via,
  url,
  reason,
  identity,
}: Methods["tailscale.status"]["result"]): string {
  const users = identity ? "users of the tailnet need no secret" : undefined;
  const what = [mode, via ?? (url === undefined ? state : undefined), url, users].filter((each) => each !== undefined);
  return `${what.join(", ")}${reason === undefined ? "" : `: ${reason}`}`;
}
