/** What an external agent is given for a run: the message with its pictures, and what it cannot know otherwise. */
import type { ContentBlock } from "@agentclientprotocol/sdk";
import type { Sessions } from "../../sessions/sessions.ts";
import type { StoredMessage } from "../../sessions/transcript.ts";
import { BUILTIN } from "../run-store.ts";

export interface PromptFacts {
  readonly runId: string;
  /** The session's messages, oldest first. */
  readonly transcript: readonly StoredMessage[];
  /** Whether the agent remembers the conversation itself. */
  readonly remembers: boolean;
  readonly seesPictures: boolean;
  /** What whoever asked adds for this run. */
  readonly extra: string | undefined;
  /** An earlier attempt of this run was cut off. */
  readonly isRepeated: boolean;
}

const REPEATED =
  "[The gateway stopped while you worked on this. What you had begun may have taken effect: find out before you do it " +
  "again, and say so.]";
const MAX_EARLIER_CHARS = 20_000;

/** The blocks of a prompt. */
export function promptOf(facts: PromptFacts, sessions: Sessions): ContentBlock[] {
  const { runId, transcript, remembers, seesPictures, extra, isRepeated } = facts;
  const own = transcript.filter((message) => message.runId === runId && message.role === "user");
  const texts = own.flatMap(({ content }) => content.flatMap((part) => (part.type === "text" ? [part.text] : [])));
  const pictures = own.flatMap(({ content }) => content.flatMap((part) => (part.type === "image" ? [part] : [])));
  const shown = pictures.flatMap((part): ContentBlock[] => {
    const data = seesPictures ? sessions.transcript.image(part) : undefined;
    return data ? [{ type: "image", mimeType: part.mimeType, data: Buffer.from(data).toString("base64") }] : [];
  });
  const hidden = pictures.length - shown.length;
  const text = [
    ...(extra ? [extra] : []),
    ...(remembers ? [] : earlier(transcript.filter((message) => message.runId !== runId))),
    ...(isRepeated ? [REPEATED] : []),
    ...texts,
    ...(hidden > 0 ? [`[${hidden} ${hidden === 1 ? "picture" : "pictures"} that cannot be shown here]`] : []),
  ].join("\n\n");
  return [{ type: "text", text }, ...shown];
}

/** What was said before, for an agent that begins in the middle of a conversation. */
function earlier(messages: readonly StoredMessage[]): string[] {
  const commands = new Set(messages.flatMap(({ provider, runId }) => (provider === BUILTIN.provider ? [runId] : [])));
  const lines = messages
    .filter(({ role, runId }) => role !== "toolResult" && !(runId !== undefined && commands.has(runId)))
    .flatMap(({ role, content }) => {
      const text = content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
      return text.trim() === "" ? [] : [`${role === "assistant" ? "You" : "They"}: ${text}`];
    });
  if (lines.length === 0) return [];
  const all = lines.join("\n\n");
  const cut = all.length > MAX_EARLIER_CHARS ? `…${all.slice(-MAX_EARLIER_CHARS)}` : all;
  return [`[What was said before in this conversation:]\n${cut}\n[End of what was said before.]`];
}
