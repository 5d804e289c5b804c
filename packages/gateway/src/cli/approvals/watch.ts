/** `moltbot approvals watch` — follows the commands that wait, shows each, and takes an answer for the oldest one. */

import { createInterface } from "node:readline";
import type { PendingApproval } from "@moltbot/protocol";
import { defined } from "../../base/defined.ts";
import type { Call } from "../language/command.ts";
import { errorText } from "../language/failure.ts";
import type { Link } from "../reach/connect.ts";
import { decisionOf, NO_ANSWER, QUESTION } from "./answers.ts";
import { oneLine, requestText } from "./show.ts";

/** Follows until the input ends, or Ctrl-C. */
export async function watch({ out, flags }: Call, { client, timeoutMs }: Link): Promise<void> {
  const waiting: PendingApproval[] = [];
  const shown = new Set<string>();
  const ask = () => {
    const [first] = waiting;
    if (!first || flags.json || shown.has(first.id)) return;
    shown.add(first.id);
    out.print(`\n${requestText(first, out)}`);
    out.note(`${QUESTION}${waiting.length > 1 ? ` (${waiting.length - 1} more wait)` : ""}`);
  };
  const drop = (id: string) => {
    const at = waiting.findIndex((each) => each.id === id);
    return at === -1 ? undefined : waiting.splice(at, 1)[0];
  };
  const add = (request: PendingApproval) => {
    if (waiting.some(({ id }) => id === request.id)) return;
    waiting.push(request);
    if (flags.json) out.json(request);
    ask();
  };
  const subscriptions = [
    client.on("exec.approval.requested", add),
    client.on("exec.approval.resolved", ({ id, decision, resolvedBy }) => {
      if (flags.json) out.json({ id, decision, ...defined({ resolvedBy }) });
      const known = drop(id);
      if (known && !flags.json)
        out.print(
          `${oneLine(known.request.command, 60)}: ${decision}${resolvedBy ? ` by ${oneLine(resolvedBy, 40)}` : ""}`,
        );
      ask();
    }),
  ];
  const pending = await client.request("exec.approval.list", {}, { timeoutMs });
  for (const request of pending) add(request);
  if (pending.length === 0 && !flags.json)
    out.note("Nothing waits. Commands are shown here as they come; Ctrl-C ends it.");
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    // One that nobody answered in time is not told of.
    for (const each of waiting.filter(({ expiresAtMs }) => expiresAtMs <= Date.now())) drop(each.id);
    const [first] = waiting;
    const decision = decisionOf(line);
    if (line.trim() === "" || !first) ask();
    else if (decision === undefined) out.note(NO_ANSWER);
    else {
      try {
        await client.request("exec.approval.resolve", { id: first.id, decision }, { timeoutMs });
      } catch (error) {
        drop(first.id);
        out.note(`It was not answered: ${errorText(error)}.`);
        ask();
      }
    }
  }
  for (const subscription of subscriptions) subscription[Symbol.dispose]();
}
