/** What an external agent is given for a run: the message with its pictures, and what it cannot know otherwise. */
import type { ContentBlock } from "@agentclientprotocol/sdk";
import { aboutFrames, framed } from "../../../../kit/text/words.ts";
import type { Sessions } from "../../../core/sessions/sessions.ts";
import type { StoredMessage } from "../../../core/sessions/transcript.ts";
import { isSharedIn, type Telling, told } from "../prompt/told.ts";
import { BUILTIN } from "../run/run-store.ts";

export interface PromptFacts extends Pick<Telling, "mark" | "record"> {
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
  const { runId, transcript, remembers, seesPictures, extra, isRepeated, mark, record } = facts;
  const own = transcript.filter((message) => message.runId === runId && isAsked(message));
  const before = remembers ? [] : transcript.filter((message) => message.runId !== runId);
  // The agent may remember others, so it is told who speaks wherever anybody else has spoken.
  const telling = { mark, record, isShared: isSharedIn(transcript, record) };
  const texts = own.flatMap((message) =>
    message.content.flatMap((part) => (part.type === "text" ? [told(part, message, telling)] : [])),
  );
  const pictures = own.flatMap(({ content }) => content.flatMap((part) => (part.type === "image" ? [part] : [])));
  const shown = pictures.flatMap((part): ContentBlock[] => {
    const data = seesPictures ? sessions.transcript.image(part) : undefined;
    return data ? [{ type: "image", mimeType: part.mimeType, data: Buffer.from(data).toString("base64") }] : [];
  });
  const hidden = pictures.length - shown.length;
  const earlierTexts = earlier(before, telling);
  // An agent's own commands begin its prompt: nothing is explained that does not come.
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

/** What was said before, for an agent that begins in the middle of a conversation. */
function earlier(messages: readonly StoredMessage[], telling: Telling): string[] {
  const commands = new Set(messages.flatMap(({ provider, runId }) => (provider === BUILTIN.provider ? [runId] : [])));
  const lines = messages
    .filter(({ role, runId }) => role !== "toolResult" && !(runId !== undefined && commands.has(runId)))
    .flatMap((message) =>
      message.content.flatMap((part) => {
        if (part.type !== "text" || part.text.trim() === "") return [];
        if (message.role !== "assistant") return [told(part, message, { ...telling, isShared: true })];
        return [framed(telling.mark, { text: part.text, from: { kind: "reply" } })];
      }),
    );
  const shown = newestThatFit(lines);
  return shown.length === 0 ? [] : ["What was said before in this conversation:", ...shown, "And now:"];
}

/** Whole messages: half a frame would be nobody's words. */
function newestThatFit(lines: readonly string[]): readonly string[] {
  let chars = 0;
  const first = lines.findLastIndex((line) => {
    chars += line.length;
    return chars > MAX_EARLIER_CHARS;
  });
  return lines.slice(first + 1);
}

/** Of a run, what somebody has said: a message, and what the gateway notes beside it. */
function isAsked({ role }: StoredMessage): boolean {
  return role === "user" || role === "system";
}
