/** How a command that waits for approval is shown in a terminal: all of it, with whatever cannot be seen spelled out. */

import type { PendingApproval } from "@moltbot/protocol";
import { visible } from "../../base/text/visible.ts";
import { duration, facts, type RenderOptions } from "../terminal/render.ts";

/** The text as one line of at most `chars` characters. */
export function oneLine(text: string, chars: number): string {
  const line = visible(text.replace(/\s+/g, " ").trim());
  return line.length > chars ? `${line.slice(0, chars - 1)}…` : line;
}

/** Everything that an approval is about. */
export function requestText(
  { code, id, request, expiresAtMs, remembers, always }: PendingApproval,
  look: RenderOptions,
): string {
  const { bold, cyan } = look.style;
  const { command, cwd, host, agentId, sessionKey, resolvedPath, env = {}, why = [] } = request;
  const given = Object.entries(env).map(([name, value]) => visible(`${name}=${value}`));
  const head = visible(command)
    .split("\n")
    .map((line) => `  ${bold(line)}`);
  const pairs = [
    ["Code", cyan(code ?? id)],
    ["Folder", cwd === null ? undefined : visible(cwd)],
    ["Program", resolvedPath ?? undefined],
    ["Given", given.length > 0 ? given.join("\n") : undefined],
    ["Runs on", host ?? undefined],
    ["Agent", agentId ?? undefined],
    ["Session", sessionKey ?? undefined],
    ["Asked for", why.length > 0 ? why.map((each) => visible(each)).join("; ") : undefined],
    ["Always", alwaysText(remembers, always)],
    ["Waits for", duration(Math.max(0, expiresAtMs - Date.now()))],
  ] as const;
  return `${head.join("\n")}\n\n${facts(pairs, look)}`;
}

/** What “always” would do. */
function alwaysText(remembers: boolean | undefined, always = "it is asked for every time"): string | undefined {
  if (remembers === undefined) return undefined;
  return `${remembers ? "allows" : "is not possible:"} ${visible(always)}`;
}
