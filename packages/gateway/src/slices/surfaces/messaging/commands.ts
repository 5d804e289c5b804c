/** Commands about messages: why the last one was answered or not, and how they wait. */
import { type Command, senderOf } from "../../../kit/command.ts";
import { literal } from "../../../kit/text/one-line.ts";
import type { InboxEntryShape } from "./schema.ts";
import { defineCommand } from "./slice.ts";

const why = defineCommand({
  name: "why",
  usage: "[MESSAGE]",
  needs: "operator.write",
  summary: "why the last message here was answered, or not",
  run({ args, starter, runId, sessionKey, gateway: { messaging } }) {
    // People on channels may not see messages of other chats.
    if (args !== "" && senderOf(starter) === undefined) return explain(messaging.why(args).entry);
    const entry = messaging.lastIn({ runId, sessionKey });
    if (entry) return explain(entry);
    return "No message has come here over a channel before; whatever is typed here is answered.";
  },
});

const MODES = ["collect", "followup", "steer", "steer-backlog", "interrupt"];

const WORDS: Readonly<Record<string, string>> = {
  collect: "are answered together afterwards",
  followup: "are answered one by one afterwards",
  steer: "are said to the reply under way",
  "steer-backlog": "are said to the reply under way, and answered afterwards too",
  interrupt: "end the reply under way and take its place",
};

const queue = defineCommand({
  name: "queue",
  usage: "[MODE | default]",
  needs: "operator.write",
  summary: "what becomes of messages that come while a reply is under way",
  choices: () => [...MODES, "default"],
  run({ args, sessionKey, gateway: { sessions, messaging } }) {
    const wanted = args.toLowerCase();
    if (wanted !== "") sessions.patch(sessionKey, { queueMode: wanted === "default" ? null : wanted });
    const mode = messaging.queueModeOf(sessionKey);
    const own =
      sessions.get(sessionKey)?.levels.queueMode === undefined ? "as the settings say" : "set for this conversation";
    return `**${mode}** (${own}): messages that come while a reply is under way ${WORDS[mode]}.`;
  },
});

export const commands: readonly Command[] = [why, queue];

const MAX_DETAIL_CHARS = 500;

function explain({
  text,
  sender,
  senderName = sender,
  outcome,
  state,
  rule,
  detail,
  setting,
  binding,
}: InboxEntryShape): string {
  const known = outcome ?? (state === "running" ? "being answered" : "waiting");
  return [
    `“${literal(text, 80)}” from ${literal(senderName)}`,
    `**Outcome** ${known}`,
    ...(rule === undefined ? [] : [`**Rule** ${rule}${setting === undefined ? "" : `, \`${setting}\``}`]),
    ...(detail === undefined ? [] : [`**Because** ${literal(detail, MAX_DETAIL_CHARS)}`]),
    ...(binding === undefined ? [] : [`**Agent** chosen by \`${binding}\``]),
  ].join("  \n");
}
