/** `moltbot sessions` — conversations: list, read, search, delete. */

import type { ChatPastResult, GatewayClient } from "@moltbot/protocol";
import { defined } from "../../base/defined.ts";
import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { limitFlag } from "../language/common-flags.ts";
import { CliError, usageError } from "../language/exit.ts";
import { briefKey } from "../language/names.ts";
import { wordFor } from "../language/word-for.ts";
import { withGateway } from "../reach/connect.ts";
import { messageText, messageTime } from "../reach/transcript.ts";
import { renderMarkdown } from "../terminal/markdown.ts";
import { placeOfSession } from "../terminal/page-address.ts";
import { ago, printable, table } from "../terminal/render.ts";

const list = defineCommand({
  summary: "List conversations, the latest first",
  page: "sessions",
  flags: limitFlag("to list", 30),
  run: (call) =>
    withGateway(call, async (link) => {
      const { client, timeoutMs } = link;
      const { out, flags } = call;
      const params = { limit: whole(flags.limit, 30), includeDerivedTitles: true, includeLastMessage: true };
      const result = await client.request("sessions.list", params, { timeoutMs });
      if (flags.json) return out.json(result);
      if (result.sessions.length === 0) return out.print("No conversation yet. Begin one with `moltbot chat`.");
      const columns = [
        { title: "Session" },
        { title: "Title", flexible: true },
        { title: "Active" },
        { title: "Tokens", align: "right" as const },
      ];
      const rows = result.sessions.map((each) => [
        briefKey(each.key, link),
        each.label ?? each.displayName ?? each.derivedTitle ?? each.lastMessagePreview ?? "",
        ago(each.updatedAt),
        each.totalTokens ? String(each.totalTokens) : "",
      ]);
      out.print(table(columns, rows, out));
    }),
});

const show = defineCommand({
  summary: "Read a conversation",
  page: ([key]) => placeOfSession(key),
  positionals: [{ name: "SESSION", completes: "session" }],
  flags: {
    ...limitFlag("messages", 50),
    all: { kind: "switch", summary: "Everything that was ever said, also before the conversation began anew" },
  },
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags, words } = call;
      const [sessionKey = ""] = words;
      if (flags.all) return await showAll(call, { client, timeoutMs, sessionKey });
      const result = await client.request("chat.history", { sessionKey, limit: whole(flags.limit, 50) }, { timeoutMs });
      if (flags.json) return out.json(result);
      if (result.messages.length === 0)
        throw new CliError(`${sessionKey} holds no messages. \`moltbot sessions list\` shows the conversations.`);
      for (const message of result.messages) showMessage(call, message);
    }),
});

const search = defineCommand({
  summary: "Search what was said in all conversations",
  positionals: [{ name: "WORDS", rest: true }],
  flags: limitFlag("matches", 20),
  run: (call) =>
    withGateway(call, async (link) => {
      const { client, timeoutMs } = link;
      const { out, flags, words } = call;
      const params = { query: words.join(" "), limit: whole(flags.limit, 20) };
      const result = await client.request("sessions.search", params, { timeoutMs });
      if (flags.json) return out.json(result);
      if (result.matches.length === 0)
        throw new CliError(`Nothing said so far matches ${JSON.stringify(params.query)}.`);
      const columns = [{ title: "Session" }, { title: "When" }, { title: "Who" }, { title: "Text", flexible: true }];
      const rows = result.matches.map((each) => [
        briefKey(each.sessionKey, link),
        ago(each.ts),
        each.role,
        each.snippet,
      ]);
      out.print(table(columns, rows, out));
    }),
});

const remove = defineCommand({
  summary: "Delete a conversation",
  positionals: [{ name: "SESSION", completes: "session" }],
  flags: { "keep-transcript": { kind: "switch", summary: "Forget the session but keep what was said" } },
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags, words } = call;
      const [key = ""] = words;
      // A run that is still going may take the gateway 15 s to wait for.
      const options = { timeoutMs: Math.max(timeoutMs, 20_000) };
      const deletion = client.request("sessions.delete", { key, deleteTranscript: !flags["keep-transcript"] }, options);
      const result = await out.during("Deleting", deletion);
      if (flags.json) return out.json(result);
      if (!result.deleted) throw new CliError(`There is no conversation ${key}. \`moltbot sessions list\` shows them.`);
      out.print(`Deleted ${result.key}.`);
    }),
});

const compact = defineCommand({
  summary: "Let the model sum up the older part of a conversation, or take that back",
  positionals: [{ name: "SESSION", completes: "session" }],
  flags: {
    note: { kind: "text", value: "TEXT", summary: "What the summary must keep in mind" },
    undo: { kind: "switch", summary: "Take the newest summary back" },
  },
  examples: ["moltbot sessions compact main", 'moltbot sessions compact main --note "the travel dates"'],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags, words } = call;
      const [key = ""] = words;
      if (flags.undo) {
        const result = await client.request("sessions.compaction.undo", { key }, { timeoutMs });
        if (flags.json) return out.json(result);
        if (!result.undone) throw new CliError(`There is no summary in ${key} to take back.`);
        return out.print("Taken back: the model sees again what the summary stood for.");
      }
      const params = { key, ...defined({ instructions: flags.note }) };
      const work = client.request("sessions.compaction.run", params, { timeoutMs: Math.max(timeoutMs, SUMMARY_MS) });
      const result = await out.during("Summing up", work);
      if (flags.json) return out.json(result);
      if (!result.compacted) return out.print(`Nothing was summarised: ${result.reason}.`);
      const { messages, tokensBefore, tokensAfter } = result;
      out.print(`A summary stands for ${messages} messages: about ${tokensBefore} tokens became ${tokensAfter}.`);
      out.print(out.style.dim(`The transcript keeps them; \`moltbot sessions compact ${key} --undo\` takes it back.`));
    }),
});

/** The gateway gives a summary three minutes. */
const SUMMARY_MS = 190_000;

/** Conversations. */
export const sessions = defineGroup({
  summary: "List, read, search, sum up and delete conversations",
  alone: list,
  commands: { list, show, search, compact, delete: remove },
});

/** Messages in one answer, at most. */
const PAGE = 200;

type Transcript = ChatPastResult["transcripts"][number];

/** Fetches page after page, the newest first, until `--limit` is reached if there is one; shows them oldest first. */
async function showAll(
  call: Call<ReturnType<typeof limitFlag>>,
  { client, timeoutMs, sessionKey }: { client: GatewayClient; timeoutMs: number; sessionKey: string },
): Promise<void> {
  const { out, flags } = call;
  const wanted = flags.limit === undefined ? Number.POSITIVE_INFINITY : whole(flags.limit, PAGE);
  const pages: Transcript[][] = [];
  let count = 0;
  for (let before: string | undefined, hasOlder = true; hasOlder && count < wanted; ) {
    const limit = Math.max(2, Math.min(PAGE, wanted - count));
    const params = { sessionKey, limit, ...defined({ before }) };
    const page = await client.request("chat.past", params, { timeoutMs });
    const messages = page.transcripts.flatMap((each) => each.messages);
    pages.unshift(page.transcripts);
    count += messages.length;
    before = messages[0]?.id;
    hasOlder = page.hasOlder && before !== undefined;
  }
  const transcripts = joined(pages.flat());
  if (flags.json) return out.json({ sessionKey, transcripts });
  if (count === 0)
    throw new CliError(`${sessionKey} holds no messages. \`moltbot sessions list\` shows the conversations.`);
  for (const [index, transcript] of transcripts.entries()) {
    if (index > 0) out.print(out.style.dim(`— A new conversation${beganBecause(transcript)} —\n`));
    for (const message of transcript.messages) showMessage(call, message);
  }
}

/** A transcript that two pages share is shown as one. */
function joined(transcripts: readonly Transcript[]): Transcript[] {
  const known = new Map<string, Transcript>();
  for (const each of transcripts) {
    const before = known.get(each.sessionId)?.messages ?? [];
    known.set(each.sessionId, { ...each, messages: [...before, ...each.messages] });
  }
  return [...known.values()];
}

const REASONS = { new: "as asked", reset: "emptied", idle: "nobody had written for long", daily: "a new day" };

function beganBecause({ beganAt, reason }: Pick<Transcript, "beganAt" | "reason">): string {
  const when = beganAt === undefined ? "" : `, ${ago(beganAt)}`;
  return reason === undefined ? when : `${when}: ${wordFor(REASONS, reason)}`;
}

function showMessage({ out }: Pick<Call, "out">, message: unknown): void {
  const { bold, dim, cyan } = out.style;
  const { role = "" } = message as { role?: string };
  const at = messageTime(message);
  const who = role === "user" ? bold("you") : cyan(role);
  out.print(`${who}${at === undefined ? "" : dim(` · ${ago(at)}`)}`);
  const text = printable(messageText(message)).trimEnd();
  if (role === "assistant" && out.isTerminal) out.put(`${renderMarkdown(text, out)}\n\n`);
  else out.print(`${text}\n`);
}

function whole(given: number | undefined, usual: number): number {
  const count = given ?? usual;
  if (Number.isInteger(count) && count >= 1) return count;
  throw usageError(`--limit is a whole number from 1 on, not ${count}.`);
}
