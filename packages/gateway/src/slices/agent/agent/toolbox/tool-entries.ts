/** The tools in the form of `tools.list`: which ones a model may use for a caller in a conversation, and why not. */

import type { Static } from "@sinclair/typebox";
import { defined } from "../../../../base/defined.ts";
import type { Caller } from "../../../../kit/access.ts";
import type { ToolRun } from "../../../../kit/tool.ts";
import type { ToolEntry } from "../schema.ts";
import type { AgentServices } from "../services.ts";
import { audienceOf } from "./tool-policy.ts";
import type { Toolbox } from "./toolbox.ts";

/** Every tool for a caller in a conversation; the main one when none is named. Throws `INVALID_REQUEST` for a bad key. */
export async function toolEntries(
  { toolbox, sessions }: { readonly toolbox: Toolbox; readonly sessions: AgentServices["sessions"] },
  spelledKey: string | undefined,
  { principal, scopes }: Pick<Caller, "principal" | "scopes">,
  signal: AbortSignal,
): Promise<Static<typeof ToolEntry>[]> {
  const sessionKey = spelledKey === undefined ? sessions.mainKey() : sessions.canonical(spelledKey);
  const starter = { principal, scopes: [...scopes], name: "" };
  const run: ToolRun = {
    ...{ id: "", sessionKey, starter },
    agentId: sessions.agentOf(sessionKey),
    sessionId: sessions.get(sessionKey)?.sessionId ?? "",
    audience: audienceOf(starter),
  };
  return (await toolbox.explain(run, signal)).map(({ tool: { name, summary, audience, changes }, why }) => ({
    ...{ name, summary, audience, changes },
    allowed: why === undefined,
    ...defined({ why }),
  }));
}
