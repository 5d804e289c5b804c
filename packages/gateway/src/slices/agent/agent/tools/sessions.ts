/** Tools that read other conversations. */

import { Type } from "@sinclair/typebox";
import { defined } from "../../../../base/defined.ts";
import { oneLine } from "../../../../kit/text/framing.ts";
import type { Tool } from "../../../../kit/tool.ts";
import type { StoredMessage } from "../../../core/sessions/messages/stored-message.ts";
import { textOf } from "../../../core/sessions/sessions.ts";
import { defineTool } from "../slice.ts";
import { fromOutside } from "./outside.ts";
import { sessionsSend } from "./sessions-send.ts";

const sessionsList = defineTool({
  name: "sessions_list",
  summary: "Lists the newest conversations, one a line: session key, minutes since the last message, title.",
  audience: "owner",
  changes: false,
  params: {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: "How many; 20 by default." })),
    search: Type.Optional(Type.String({ maxLength: 200, description: "Part of a key or a name." })),
    activeMinutes: Type.Optional(Type.Integer({ minimum: 1, description: "Only those that were active since then." })),
    spawnedBy: Type.Optional(
      Type.String({ maxLength: 512, description: "Only the sub-agents that this conversation has started." }),
    ),
  },
  run({ params: { limit = 20, ...filter }, gateway: { sessions, clock } }) {
    const rows = sessions.all.list({ limit, includeGlobal: true, ...filter });
    if (rows.length === 0) return "There is no such conversation.";
    return rows
      .map(({ key, label, sessionId, updatedAt }) => {
        const title = label ?? sessions.transcript.previews.title(sessionId) ?? "";
        return `${key}, ${Math.round((clock.now() - updatedAt) / 60_000)} min, ${oneLine(title)}`.replace(/, $/, "");
      })
      .join("\n");
  },
});

const MAX_MESSAGE_CHARS = 4_000;
const MAX_HISTORY_CHARS = 25_000;

const sessionsHistory = defineTool({
  name: "sessions_history",
  summary: "Reads the newest messages of a conversation, the newest last; long ones are shortened.",
  audience: "owner",
  changes: false,
  params: {
    sessionKey: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: "As sessions_list names it." })),
    label: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: "Its label instead of its key." })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: "How many; 20 by default." })),
    includeTools: Type.Optional(Type.Boolean({ description: "What tools were called for and answered, too." })),
  },
  run({ params: { sessionKey: key, label, limit = 20, includeTools = false }, gateway: { sessions } }) {
    const session = sessions.all.resolve({ ...defined({ key, label }) });
    const shown = sessions.transcript
      .last(session.sessionId, includeTools ? limit : limit * 4)
      .map((message) => lineOf(message, includeTools))
      .filter((line) => line !== undefined)
      .slice(-limit);
    if (shown.length === 0) return "Nothing has been said there.";
    return fromOutside(`what was said in ${session.key}`, newest(shown));
  },
});

function lineOf({ role, at, content, toolName, isError }: StoredMessage, includeTools: boolean): string | undefined {
  if (role === "toolResult" && !includeTools) return undefined;
  const calls = includeTools
    ? content.flatMap((part) =>
        part.type === "toolCall" ? [`(calls ${part.name} ${JSON.stringify(part.arguments)})`] : [],
      )
    : [];
  const pictures = content.flatMap((part) =>
    part.type === "image" ? [`(a picture, attachment:${part.sha256.slice(0, 12)})`] : [],
  );
  const text = [textOf(content), ...pictures, ...calls].filter((each) => each !== "").join("\n");
  if (text === "") return undefined;
  const who = role === "toolResult" ? `${toolName} ${isError ? "failed" : "answered"}` : role;
  const short = text.length > MAX_MESSAGE_CHARS ? `${text.slice(0, MAX_MESSAGE_CHARS).toWellFormed()} …` : text;
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} ${who}:\n${quoted(short)}`;
}

/** Quotes a message, so that none of its lines looks like the start of another one. */
function quoted(text: string): string {
  return text
    .split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/)
    .map((line) => `> ${line}`)
    .join("\n");
}

/** The newest lines that fit; says how many do not. */
function newest(lines: readonly string[]): string {
  let chars = 0;
  const first = lines.findLastIndex((line) => {
    chars += line.length + 1;
    return chars > MAX_HISTORY_CHARS;
  });
  const note = first === -1 ? [] : [`(${first + 1} earlier messages left out)`];
  return [...note, ...lines.slice(first + 1)].join("\n");
}

const sessionsSearch = defineTool({
  name: "sessions_search",
  summary: "Finds what was said in any conversation, by its words: session key, time, who, and the words around it.",
  audience: "owner",
  changes: false,
  params: {
    query: Type.String({ minLength: 1, maxLength: 500, description: "Words, all of which must be there." }),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: "How many; 10 by default." })),
  },
  async run({ params: { query, limit = 10 }, run, gateway: { sessions } }) {
    const found = await sessions.transcript.search(query, limit, { exceptRun: run.id });
    if (found.length === 0) return "Nothing said so far matches.";
    const lines = found.map(
      ({ sessionKey, ts, role, snippet }) =>
        `${sessionKey}, ${new Date(ts).toISOString().slice(0, 16)}, ${role}: ${snippet}`,
    );
    return fromOutside("what was found", lines.join("\n"));
  },
});

export const sessionTools: readonly Tool[] = [sessionsList, sessionsHistory, sessionsSearch, sessionsSend];
