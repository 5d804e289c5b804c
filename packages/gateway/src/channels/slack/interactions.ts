/** Commands and pressed buttons, as what the gateway takes in. Pure: names were learnt beforehand. */
import type { Inbound } from "../../kit/channel-message.ts";
import { type Reading, readingOf } from "../../kit/rules.ts";
import { asTyped, joined, type SenderText } from "../../kit/text/sender-text.ts";
import { field, millisOf, stringField } from "./events.ts";
import { chatOf, peerOf, type Reader, threadOf } from "./places.ts";
import { readable } from "./readable.ts";

/** A slash command, as a message that is addressed to us. */
export function commandInbound(body: unknown, reader: Reader): Reading {
  const [channel, user, trigger] = ["channel_id", "user_id", "trigger_id"].map((name) => stringField(body, name));
  if (!channel || !user || !trigger) throw new TypeError("a command without a conversation, a person or an id");
  const command = (stringField(body, "command") ?? "").replace(/^\//, "");
  const text = readable(stringField(body, "text") ?? "", reader.userId, reader.names);
  const isMultiparty = stringField(body, "channel_name")?.startsWith("mpdm-");
  return [
    {
      kind: "message",
      keys: [`command:${trigger}`],
      at: reader.now,
      chat: chatOf(channel, isMultiparty ? "mpim" : undefined, undefined, reader),
      sender: peerOf(user, reader),
      messageId: trigger,
      fromSelf: false,
      ...commandSaid(command, text, reader.commands),
      media: [],
      mentionsSelf: true,
      isCommand: true,
      via: stringField(body, "response_url"),
    },
  ];
}

/** Pressed buttons and chosen rows. */
export function pressInbound(body: unknown, reader: Reader): Reading {
  const actions = field(body, "actions");
  if (stringField(body, "type") !== "block_actions" || !Array.isArray(actions)) return shortcutOf(body, reader);
  const channel = stringField(field(body, "channel"), "id");
  const user = stringField(field(body, "user"), "id");
  const message = field(body, "message");
  const ts = stringField(message, "ts") ?? stringField(field(body, "container"), "message_ts");
  if (!channel || !user || !ts) throw new TypeError("a press without a conversation, a person or a message");
  const presses = actions.flatMap((action: unknown): Inbound[] => {
    const data = stringField(action, "value") ?? stringField(field(action, "selected_option"), "value");
    if (data === undefined) return [];
    const when = stringField(action, "action_ts");
    return [
      {
        kind: "button",
        keys: [`press:${channel}:${ts}:${user}:${when ?? stringField(body, "trigger_id")}:${data}`],
        at: millisOf(when, reader.now),
        chat: chatOf(channel, undefined, threadOf(stringField(message, "thread_ts"), ts), reader),
        sender: peerOf(user, reader),
        messageId: ts,
        fromSelf: false,
        data,
      },
    ];
  });
  return readingOf(presses, "a button that only opens an address");
}

/** Shortcuts and forms: the gateway offers none, so only the record tells of them. */
function shortcutOf(body: unknown, reader: Reader): Reading {
  const type = stringField(body, "type") ?? "interaction";
  const user = stringField(field(body, "user"), "id");
  if (!user) return { nobody: "an interaction without anybody who made it" };
  const channel = stringField(field(body, "channel"), "id");
  const trigger = stringField(body, "trigger_id") ?? String(reader.now);
  return {
    ...{ kind: "unread", keys: [`interaction:${trigger}`], what: type, messageId: trigger, fromSelf: false },
    why: "A shortcut or a form of the app; the gateway has none.",
    at: reader.now,
    chat: channel ? chatOf(channel, undefined, undefined, reader) : { id: user, kind: "direct" },
    sender: peerOf(user, reader),
  };
}

/** "/moltbot status" is "/status"; a command of that very name is itself; anything else is what people say to us. */
function commandSaid(command: string, said: SenderText, known: ReadonlySet<string>): SenderText {
  if (known.has(command.toLowerCase()))
    return said.text === "" ? asTyped(`/${command}`) : joined([asTyped(`/${command} `), said]);
  if (said.text === "") return asTyped("/help");
  const [first = ""] = said.text.split(/\s/);
  return known.has(first.toLowerCase()) ? joined([asTyped("/"), said]) : said;
}
