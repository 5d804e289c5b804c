/** What the agent sees of a message that is said through the real connection of a channel. */
import type { FakePlatform } from "../../packages/fakes/src/index.ts";
import type { ChannelContext, ChannelDefinition } from "../../packages/gateway/src/kit/channel.ts";
import type { Inbound, InboundMessage } from "../../packages/gateway/src/kit/channel-message.ts";
import { fileLabel } from "../../packages/gateway/src/kit/content/content.ts";
import { framed } from "../../packages/gateway/src/kit/text/framing.ts";
import { composeMessage } from "../../packages/gateway/src/slices/surfaces/messaging/in/envelope.ts";
import type { AccountBench } from "../support/channel-context.ts";

/** Opens the account, after its login where it needs one. */
export async function linked(fake: FakePlatform, definition: ChannelDefinition, bench: AccountBench): Promise<void> {
  if (definition.login && fake.scan && definition.isLinkedByLogin && fake.channel === "whatsapp") {
    const context = bench.context(new AbortController().signal) as ChannelContext<never>;
    for await (const step of definition.login(context)) if (step.kind === "qr") await fake.scan(step.text);
  }
  await bench.open();
  await fake.linked();
}

/** What comes with the making of a place, and is not what is looked at. */
function isAside(inbound: Inbound): boolean {
  if (inbound.kind === "membership") return true;
  if (inbound.kind === "unread") return inbound.what === "forum_topic_created";
  return inbound.kind === "message" && (inbound.text.startsWith("before the ") || isBarePicture(inbound));
}

function isBarePicture({ text, media, items }: InboundMessage): boolean {
  return text === "" && items === undefined && media.length === 1 && media[0]!.kind === "image";
}

/** What the agent sees of what is said; a text instead says why there is nothing to say. */
export async function cellOf(says: unknown, fake: FakePlatform, bench: AccountBench): Promise<string> {
  if (typeof says !== "function") return String(says);
  const before = bench.inbound.length;
  await says(fake);
  const inbound = await bench.received(
    "what was said",
    (each) => bench.inbound.indexOf(each) >= before && !isAside(each),
  );
  const { replyTo } = inbound.kind === "message" ? inbound : {};
  const answered = bench.inbound.find((each) => each.kind === "message" && each.messageId === replyTo?.messageId);
  return told(inbound, fake.channel, answered);
}

/** An event as the agent, or whoever asks why, reads it; ids and times differ from run to run. */
function told(inbound: Inbound, channel: string, answered: Inbound | undefined): string {
  switch (inbound.kind) {
    case "message":
      return messageTold(inbound, channel, answered?.kind === "message" ? answered : undefined);
    case "unread":
      return `*unread: ${inbound.what}.* ${inbound.why}`;
    case "vote":
      return `*vote:* ${inbound.isSecret ? "encrypted, so only that there was one" : `for number ${inbound.answers.map((each) => Number(each) + 1)}; the answer’s text where the gateway asked`}`;
    case "button":
      return `*button:* ${inbound.data}`;
    default:
      return `*${inbound.kind}*`;
  }
}

function messageTold(message: InboundMessage, channel: string, answered: InboundMessage | undefined): string {
  const { content } = composeMessage({
    ...{ channel, ownNames: ["molty"], context: [], standing: "trusted" },
    quoted: answered && { ...answered, senderId: answered.sender.id },
    received: [{ message, files: message.media.map((file) => ({ type: "text", text: fileLabel(file) })) }],
  });
  const parts = content.flatMap((part) => {
    if (part.type !== "text") return [];
    const [head = "", ...lines] = framed("", { text: part.text, from: part.from! }).split("\n");
    const about = head.slice(2, -1).replace(/ \(somebody your owner lets talk to you\)/, "");
    const text = lines.map((line) => line.slice(2)).join("\n");
    return [/^message from [^ ]+(?: “\w+”)?$/.test(about) ? text : `*${about}:* ${text}`];
  });
  return (message.awaitsFiles ? [...parts, "waits up to 20 s for the file, then goes without it"] : parts)
    .join("\n")
    .replace(new RegExp(`${channel}:[^\\s”):*,]+ “(\\w+)”`, "g"), "$1")
    .replace(new RegExp(`\\(${channel}:[^\\s”):*,]+\\)`, "g"), "(ID)")
    .replace(new RegExp(`${channel}:[^\\s”):*,]+`, "g"), "ID")
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, "TIME")
    .replace(/channel \d{9,}/g, "channel ID")
    .replace(/ \(\S*\d{3,}\)/g, " (ID)");
}
