/** Builds the prompt of an external agent: the message with its pictures, and the context that it cannot know. */
import type { ContentBlock } from "@agentclientprotocol/sdk";
import { aboutFrames, framed } from "../../../../kit/text/framing.ts";
import type { StoredMessage } from "../../../core/sessions/messages/stored-message.ts";
import type { Sessions } from "../../../core/sessions/sessions.ts";
import { type FramingContext, framedPart, isSharedIn } from "../prompt/framed-parts.ts";
import { BUILTIN } from "../run/run-store.ts";

export interface PromptFacts extends Pick<FramingContext, "mark" | "record"> {
  readonly runId: string;
  /** The session's messages, oldest first. */
  readonly transcript: readonly StoredMessage[];
  /** Whether the agent remembers the conversation itself. */
  readonly remembers: boolean;
  readonly seesPictures: boolean;
  /** Further instructions of the caller for this run. */
  readonly extra: string | undefined;
  /** Whether an earlier attempt of this run was cut off. */
  readonly isRepeated: boolean;
}

const REPEATED =
  "[The gateway stopped while you worked on this. What you had begun may have taken effect: find out before you do it " +
  "again, and say so.]";
const MAX_EARLIER_CHARS = 20_000;

/** The blocks of a prompt. */
export function promptOf(facts: PromptFacts, sessions: Sessions): ContentBlock[] {
  const { runId, transcript, remembers, seesPictures, extra, isRepeated, mark, record } = facts;
  const own = transcript.filter((message) => message.runId === runId && isAsked(message));
  const before = remembers ? [] : transcript.filter((message) => message.runId !== runId);
  // The agent may remember other people's messages, so name the speaker wherever anybody but the owner has spoken.
  const framing = { mark, record, isShared: isSharedIn(transcript, record) };
  const texts = own.flatMap((message) =>
    message.content.flatMap((part) => (part.type === "text" ? [framedPart(part, message, framing)] : [])),
  );
  const pictures = own.flatMap(({ content }) => content.flatMap((part) => (part.type === "image" ? [part] : [])));
  const shown = pictures.flatMap((part): ContentBlock[] => {
    const data = seesPictures ? sessions.transcript.wire.image(part) : undefined;
    return data ? [{ type: "image", mimeType: part.mimeType, data: Buffer.from(data).toString("base64") }] : [];
  });
  const hidden = pictures.length - shown.length;
  const earlierTexts = earlier(before, framing);
  // The agent's own commands must stay at the start of a prompt, so explain frames only when there are some.
  const isFramed = [...earlierTexts, ...texts].some((each) => each.startsWith(`[${mark} `));
  const text = [
    ...(extra ? [extra] : []),
    ...(isFramed ? [aboutFrames(mark, undefined)] : []),
    ...earlierTexts,
    ...(isRepeated ? [REPEATED] : []),
    ...texts,
    ...(hidden > 0 ? [`[${hidden} ${hidden === 1 ? "picture" : "pictures"} that cannot be shown here]`] : []),
  ].join("\n\n");
  return [{ type: "text", text }, ...shown];
}

/** Earlier messages, for an agent that joins in the middle of a conversation. */
function earlier(messages: readonly StoredMessage[], framing: FramingContext): string[] {
  const commands = new Set(messages.flatMap(({ provider, runId }) => (provider === BUILTIN.provider ? [runId] : [])));
  const lines = messages
    .filter(({ role, runId }) => role !== "toolResult" && !(runId !== undefined && commands.has(runId)))
    .flatMap((message) =>
      message.content.flatMap((part) => {
        if (part.type !== "text" || part.text.trim() === "") return [];
        if (message.role !== "assistant") return [framedPart(part, message, { ...framing, isShared: true })];
        return [framed(framing.mark, { text: part.text, from: { kind: "reply" } })];
      }),
    );
  const shown = newestThatFit(lines);
  return shown.length === 0 ? [] : ["What was said before in this conversation:", ...shown, "And now:"];
}

/** The newest whole messages that fit: half a frame would have no author. */
function newestThatFit(lines: readonly string[]): readonly string[] {
  let chars = 0;
  const first = lines.findLastIndex((line) => {
    chars += line.length;
    return chars > MAX_EARLIER_CHARS;
  });
  return lines.slice(first + 1);
}

/** Whether a message was said to the run: by a person, or as a note of the gateway. */
function isAsked({ role }: StoredMessage): boolean {
  return role === "user" || role === "system";
}
