/** The methods of the Bot API that act at once. Each refuses with the Bot API's own words. */
import type { FakeFile } from "../platform.ts";
import { type Entity, MarkupError, readHtml } from "./html.ts";
import { type Parameters, Refusal } from "./request.ts";
import { fileContent, type Message, onWire, textContent, type World } from "./world.ts";

/** A call of a method. */
interface Call {
  readonly world: World;
  readonly parameters: Parameters;
  /** Refuse markup although it is right. */
  readonly refusesMarkup: boolean;
}

type Method = (call: Call) => unknown;

/** Limits of the Bot API: characters after entities are parsed; bytes of an upload. */
const TEXT_LIMIT = 4096;
const CAPTION_LIMIT = 1024;
const UPLOAD_LIMIT = 50 * 1024 * 1024;
const DOWNLOAD_LIMIT = 20 * 1024 * 1024;

/** The reactions that bots may give (Bot API: ReactionTypeEmoji). */
const REACTIONS = new Set(
  (
    "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 " +
    "👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡"
  ).split(" "),
);

export const METHODS: Readonly<Record<string, Method>> = {
  getMe: ({ world }) => ({
    ...world.bot,
    can_join_groups: true,
    can_read_all_group_messages: true,
    supports_inline_queries: false,
  }),
  deleteWebhook: () => true,
  getChat: (call) => chatOf(call),
  sendMessage: (call) => send(call, textOf(call, "text", TEXT_LIMIT, "message is too long")),
  sendPhoto: (call) => sendFile(call, "photo", "image"),
  sendVideo: (call) => sendFile(call, "video", "video"),
  sendAnimation: (call) => sendFile(call, "animation", "video"),
  sendAudio: (call) => sendFile(call, "audio", "audio"),
  sendVoice: (call) => sendFile(call, "voice", "voice"),
  sendSticker: (call) => sendFile(call, "sticker", "sticker"),
  sendDocument: (call) => sendFile(call, "document", "document"),
  sendPoll(call) {
    const question = call.parameters.text("question") ?? "";
    const options = (call.parameters.json<({ text: string } | string)[]>("options") ?? []).map((option) =>
      typeof option === "string" ? option : option.text,
    );
    if (question === "" || question.length > 300) throw new Refusal(400, "Bad Request: poll question length is wrong");
    if (options.length < 2 || options.length > 12)
      throw new Refusal(400, "Bad Request: poll must have between 2 and 12 options");
    const id = String(7_000_000_000 + call.world.nextId());
    const content = {
      poll: { id, question, options: options.map((text) => ({ text, voter_count: 0 })), is_anonymous: true },
    };
    return send(call, { text: question, raw: question, content, poll: { question, options } });
  },
  sendChatAction(call) {
    call.world.type(chatOf(call).id);
    return true;
  },
  editMessageText: (call) => edit(call, textOf(call, "text", TEXT_LIMIT, "message is too long")),
  editMessageCaption: (call) => edit(call, captionOf(call)),
  deleteMessage(call) {
    ownMessage(call, "message to delete not found").isUnsent = true;
    call.world.changes.tell();
    return true;
  },
  setMessageReaction(call) {
    const message = messageOf(call, "message to react not found");
    const given = call.parameters.json<{ type: string; emoji: string }[]>("reaction") ?? [];
    const invalid = given.find(({ emoji }) => !REACTIONS.has(emoji));
    if (invalid) throw new Refusal(400, "Bad Request: REACTION_INVALID");
    const { reactions } = call.world;
    for (const old of reactions.filter(({ messageId }) => messageId === String(message.id)))
      reactions.splice(reactions.indexOf(old), 1);
    for (const { emoji } of given) reactions.push({ messageId: String(message.id), emoji });
    call.world.changes.tell();
    return true;
  },
  setMyCommands(call) {
    const commands = call.parameters.json<{ command: string; description: string }[]>("commands") ?? [];
    if (commands.some(({ command, description }) => !/^[a-z0-9_]{1,32}$/.test(command) || !description))
      throw new Refusal(400, "Bad Request: BOT_COMMAND_INVALID");
    call.world.menu = commands.map(({ command }) => command);
    call.world.changes.tell();
    return true;
  },
  answerCallbackQuery({ world, parameters }) {
    if (!world.callbacks.delete(parameters.text("callback_query_id") ?? ""))
      throw new Refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid");
    world.changes.tell();
    return true;
  },
  getFile({ world, parameters }) {
    const file_id = parameters.text("file_id") ?? "";
    const file = world.files.get(file_id);
    if (!file) throw new Refusal(400, "Bad Request: invalid file_id");
    if (file.bytes.length > DOWNLOAD_LIMIT) throw new Refusal(400, "Bad Request: file is too big");
    const file_path = `${file.kind}s/${file_id}`;
    return { file_id, file_unique_id: `u-${file_id}`, file_size: file.bytes.length, file_path };
  },
};

/** Whether a method makes a new message: the ones that trouble with sends is about. */
export function isSend(method: string): boolean {
  return method.startsWith("send") && method !== "sendChatAction";
}

interface Body {
  readonly text: string;
  readonly raw: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly files?: readonly FakeFile[];
  readonly poll?: NonNullable<Message["poll"]>;
}

function send(call: Call, body: Body): unknown {
  const { world, parameters } = call;
  const chat = chatOf(call);
  const reply = parameters.json<{ message_id?: number; allow_sending_without_reply?: boolean }>("reply_parameters");
  const replyTo = reply?.message_id ?? parameters.number("reply_to_message_id");
  const isReplied = replyTo !== undefined && world.message(replyTo)?.chat.id === chat.id;
  if (replyTo !== undefined && !isReplied && !reply?.allow_sending_without_reply)
    throw new Refusal(400, "Bad Request: message to be replied not found");
  const thread = parameters.number("message_thread_id");
  if (thread !== undefined && world.topicName(chat.id, thread) === String(thread))
    throw new Refusal(400, "Bad Request: message thread not found");
  const message = world.add({
    id: world.nextId(),
    chat,
    from: world.bot,
    at: Date.now(),
    thread,
    replyTo: isReplied ? replyTo : undefined,
    files: body.files ?? [],
    poll: body.poll,
    content: body.content,
    text: body.text,
    raw: body.raw,
    buttons: buttonsOf(parameters),
  });
  message.showsPreviews = wantsPreviews(parameters);
  return onWire(message, world);
}

async function sendFile(call: Call, parameter: string, kind: FakeFile["kind"]): Promise<unknown> {
  const file = await call.parameters.file(parameter, kind);
  if (!file) throw new Refusal(400, `Bad Request: there is no ${parameter} in the request`);
  if (file.bytes.length > UPLOAD_LIMIT) throw new Refusal(413, "Request Entity Too Large");
  const caption = captionOf(call);
  const content = { ...fileContent(file, call.world), ...caption.content };
  return send(call, { ...caption, content, files: [file] });
}

function wantsPreviews(parameters: Parameters): boolean {
  return parameters.json<{ is_disabled?: boolean }>("link_preview_options")?.is_disabled !== true;
}

function edit(call: Call, body: Body): unknown {
  const message = ownMessage(call, "message to edit not found");
  const buttons = buttonsOf(call.parameters);
  if (message.raw === body.raw && JSON.stringify(message.buttons) === JSON.stringify(buttons))
    throw new Refusal(
      400,
      "Bad Request: message is not modified: specified new message content and reply markup are exactly the same",
    );
  message.text = body.text;
  message.raw = body.raw;
  message.content = { ...message.content, ...body.content };
  message.buttons = buttons;
  message.showsPreviews = wantsPreviews(call.parameters);
  message.edits += 1;
  call.world.changes.tell();
  return onWire(message, call.world);
}

function textOf(call: Call, name: string, limit: number, tooLong: string): Body {
  const body = parsed(call, name);
  if (body.text.trim() === "") throw new Refusal(400, "Bad Request: message text is empty");
  if (body.text.length > limit) throw new Refusal(400, `Bad Request: ${tooLong}`);
  return { text: body.text, raw: body.raw, content: textContent(body.text, body.entities) };
}

function captionOf(call: Call): Body {
  const { text, raw, entities } = parsed(call, "caption");
  if (text.length > CAPTION_LIMIT) throw new Refusal(400, "Bad Request: message caption is too long");
  const content = text === "" ? {} : { caption: text, caption_entities: entities };
  return { text, raw, content };
}

function parsed(call: Call, name: string): { text: string; raw: string; entities: Entity[] } {
  const raw = call.parameters.text(name) ?? "";
  const mode = call.parameters.text("parse_mode");
  if (mode === undefined) return { text: raw, raw, entities: [] };
  if (mode.toLowerCase() !== "html") throw new Refusal(400, "Bad Request: unsupported parse_mode");
  if (call.refusesMarkup) throw new Refusal(400, "Bad Request: can't parse entities: refused by the test");
  try {
    return { ...readHtml(raw), raw };
  } catch (error) {
    if (error instanceof MarkupError) throw new Refusal(400, `Bad Request: can't parse entities: ${error.message}`);
    throw error;
  }
}

function chatOf({ world, parameters }: Call): Message["chat"] {
  const id = parameters.text("chat_id") ?? "";
  const moved = world.movedTo(Number(id));
  if (moved !== undefined)
    throw new Refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", { migrate_to_chat_id: moved });
  const found = world.find(id);
  if (!found) throw new Refusal(400, "Bad Request: chat not found");
  if (!found.isMember) throw new Refusal(403, `Forbidden: bot was kicked from the ${found.chat.type} chat`);
  return found.chat;
}

function messageOf(call: Call, missing: string): Message {
  const chat = chatOf(call);
  const message = call.world.message(call.parameters.text("message_id") ?? "");
  if (message?.chat.id !== chat.id) throw new Refusal(400, `Bad Request: ${missing}`);
  return message;
}

function ownMessage(call: Call, missing: string): Message {
  const message = messageOf(call, missing);
  if (message.from !== call.world.bot) throw new Refusal(400, "Bad Request: message can't be edited");
  return message;
}

function buttonsOf(parameters: Parameters): Message["buttons"] {
  const markup = parameters.json<{ inline_keyboard?: { text: string; callback_data?: string }[][] }>("reply_markup");
  const buttons = markup?.inline_keyboard
    ?.flat()
    .map(({ text, callback_data = "" }) => ({ label: text, data: callback_data }));
  if (buttons?.some(({ data }) => Buffer.byteLength(data) < 1 || Buffer.byteLength(data) > 64))
    throw new Refusal(400, "Bad Request: BUTTON_DATA_INVALID");
  return buttons && buttons.length > 0 ? buttons : undefined;
}
