/** Asks the person in a chat about each command that waits, one after another, where its reply is being written. */

import type { PendingApproval } from "@moltbot/protocol";
import { errorText } from "../language/failure.ts";
import type { Link } from "../reach/connect.ts";
import type { Output } from "../terminal/output.ts";
import type { TypedLines } from "../terminal/typed-lines.ts";
import { decisionOf, NO_ANSWER, QUESTION } from "./answers.ts";
import { oneLine, requestText } from "./show.ts";

/** The terminal where the question is asked. `before` clears the line for it. */
interface Place {
  readonly out: Output;
  readonly keyboard: TypedLines;
  before(): void;
}

interface Waiting {
  readonly request: PendingApproval;
  /** Aborts when the command waits no longer; the reason is a sentence. */
  readonly ended: AbortController;
}

/** Asks until disposed; what is not answered then goes on waiting elsewhere. */
export function askApprovals(link: Link, place: Place): Disposable {
  const { client } = link;
  const waiting: Waiting[] = [];
  let isAsking = false;
  const askAll = async () => {
    if (isAsking) return;
    isAsking = true;
    for (let next = waiting[0]; next; next = waiting[0]) {
      await askOne(link, place, next);
      waiting.shift();
    }
    isAsking = false;
  };
  const subscriptions = [
    client.on("exec.approval.requested", (request) => {
      waiting.push({ request, ended: new AbortController() });
      void askAll();
    }),
    client.on("exec.approval.resolved", ({ id, decision, resolvedBy }) => {
      const by = resolvedBy ? ` by ${oneLine(resolvedBy, 40)}` : "";
      waiting.find(({ request }) => request.id === id)?.ended.abort(`It was answered elsewhere: ${decision}${by}.`);
    }),
  ];
  return {
    [Symbol.dispose]() {
      for (const subscription of subscriptions) subscription.off();
      for (const { ended } of waiting) ended.abort("");
    },
  };
}

async function askOne({ client, timeoutMs }: Link, { out, keyboard, before }: Place, { request, ended }: Waiting) {
  const { signal } = ended;
  if (signal.aborted) return;
  before();
  out.print(`${out.style.yellow("A command waits for you.")}\n\n${requestText(request, out)}\n`);
  const late = () => ended.abort("Nobody answered in time; it does not run.");
  const timer = setTimeout(late, Math.max(0, request.expiresAtMs - Date.now()));
  try {
    const decision = await decide(keyboard, out, signal);
    clearTimeout(timer);
    if (decision !== undefined)
      await client.request("exec.approval.resolve", { id: request.id, decision }, { timeoutMs });
    else if (signal.reason) out.note(`\n${String(signal.reason)}`);
  } catch (error) {
    out.note(`It was not answered: ${errorText(error)}.`);
  } finally {
    clearTimeout(timer);
  }
}

async function decide(keyboard: TypedLines, out: Output, signal: AbortSignal) {
  while (true) {
    const line = await keyboard.answer(`${QUESTION} `, signal);
    if (line === undefined) return undefined;
    const decision = decisionOf(line);
    if (decision) return decision;
    out.note(NO_ANSWER);
  }
}
