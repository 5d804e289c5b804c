/** The methods of the Web API. Each refuses with Slack's own error codes. */
import {
  buttonsOf,
  type Call,
  conversation,
  json,
  own,
  reactionOf,
  SlackError,
  text,
  threadOf,
  uploaded,
  wantsPreviews,
  writable,
} from "./arguments.ts";
import { type Conversation, fileOnWire, type Message, onWire, TEAM_ID, type User } from "./world.ts";

type Method = (call: Call) => Record<string, unknown>;

const TEXT_LIMIT = 40_000;

export const METHODS: Readonly<Record<string, Method>> = {
  "apps.connections.open"({ isAppToken, baseUrl }) {
    if (!isAppToken) throw new SlackError("not_allowed_token_type");
    return { url: `${baseUrl.replace("http", "ws")}/link/?ticket=${crypto.randomUUID()}` };
  },
  "auth.test": ({ world, baseUrl }) => ({
    url: `${baseUrl}/`,
    team: "Fake",
    user: world.bot.name,
    team_id: TEAM_ID,
    user_id: world.bot.id,
    bot_id: world.botId,
    is_enterprise_install: false,
  }),
  "users.info"(call) {
    const user = call.world.user(text(call, "user"));
    if (!user) throw new SlackError("user_not_found");
    return { user: userOnWire(user) };
  },
  "conversations.list"(call) {
    const types = text(call, "types", "public_channel").split(",");
    const wanted = call.world.conversations.filter(({ kind }) =>
      types.includes(kind === "im" ? "im" : "public_channel"),
    );
    return { channels: wanted.map(conversationOnWire), response_metadata: { next_cursor: "" } };
  },
  "conversations.info": (call) => ({ channel: conversationOnWire(conversation(call)) }),
  "conversations.members": (call) => {
    const { userId } = conversation(call);
    return { members: [call.world.bot.id, ...(userId ? [userId] : [])], response_metadata: { next_cursor: "" } };
  },
  "conversations.open"(call) {
    const user = call.world.user(text(call, "users"));
    if (!user) throw new SlackError("user_not_found");
    return { channel: { id: call.world.direct(user).id } };
  },
  "conversations.history": (call) => page(call, ({ threadTs }) => threadTs === undefined, "newest first"),
  "conversations.replies"(call) {
    const ts = text(call, "ts");
    if (!call.world.message(conversation(call).id, ts)) throw new SlackError("thread_not_found");
    return page(call, (message) => message.threadTs === ts || message.ts === ts, "oldest first");
  },
  "chat.postMessage"(call) {
    const channel = writable(call);
    const said = text(call, "text");
    if (said === "" && call.arguments.blocks === undefined) throw new SlackError("no_text");
    if (said.length > TEXT_LIMIT) throw new SlackError("msg_too_long");
    const metadata = json<NonNullable<Message["metadata"]>>(call, "metadata");
    const message = call.world.add({
      channel,
      user: call.world.bot,
      text: said,
      threadTs: threadOf(call, channel),
      metadata,
      buttons: buttonsOf(call),
    });
    message.showsPreviews = wantsPreviews(call);
    call.world.statuses.delete(channel.id);
    const wire = onWire(message, call.world, call.baseUrl);
    call.event({ ...wire, channel: channel.id, channel_type: channel.kind, event_ts: message.ts });
    return { channel: channel.id, ts: message.ts, message: wire };
  },
  "chat.update"(call) {
    const message = own(call, "cant_update_message");
    const before = onWire(message, call.world, call.baseUrl);
    message.text = text(call, "text");
    message.buttons = buttonsOf(call);
    message.showsPreviews = wantsPreviews(call);
    message.edits += 1;
    call.world.changes.tell();
    const changed = onWire(message, call.world, call.baseUrl);
    call.event(changeEvent(message, "message_changed", { message: changed, previous_message: before }));
    return { channel: message.channel.id, ts: message.ts, text: message.text };
  },
  "chat.delete"(call) {
    const message = own(call, "cant_delete_message");
    message.isDeleted = true;
    call.world.changes.tell();
    const previous_message = onWire(message, call.world, call.baseUrl);
    call.event(changeEvent(message, "message_deleted", { deleted_ts: message.ts, previous_message }));
    return { channel: message.channel.id, ts: message.ts };
  },
  "reactions.add"(call) {
    const reaction = reactionOf(call);
    if (call.world.reactions.some((each) => same(each, reaction))) throw new SlackError("already_reacted");
    call.world.reactions.push(reaction);
    call.world.changes.tell();
    return {};
  },
  "reactions.remove"(call) {
    const reaction = reactionOf(call);
    const index = call.world.reactions.findIndex((each) => same(each, reaction));
    if (index < 0) throw new SlackError("no_reaction");
    call.world.reactions.splice(index, 1);
    call.world.changes.tell();
    return {};
  },
  "files.getUploadURLExternal"(call) {
    const fileName = text(call, "filename");
    if (!fileName || !(Number(text(call, "length")) > 0)) throw new SlackError("invalid_arguments");
    const stored = call.world.store({
      bytes: new Uint8Array(),
      mimeType: "application/octet-stream",
      fileName,
      kind: "document",
    });
    return { upload_url: `${call.baseUrl}/upload/v1/${stored.id}`, file_id: stored.id };
  },
  "files.completeUploadExternal"(call) {
    const named = json<{ id: string; title?: string }[]>(call, "files") ?? [];
    const files = named.map(({ id }) => uploaded(call, id));
    const channelId = text(call, "channel_id");
    if (channelId) {
      const channel = writable(call, channelId);
      const threadTs = threadOf(call, channel);
      const message = call.world.add({
        ...{ channel, user: call.world.bot, text: text(call, "initial_comment"), threadTs, files },
      });
      const wire = onWire(message, call.world, call.baseUrl);
      call.event({ ...wire, channel: channel.id, channel_type: channel.kind, event_ts: message.ts });
    }
    return { files: files.map(({ id, file }) => ({ id, title: file.fileName })) };
  },
  "files.info"(call) {
    const stored = call.world.files.get(text(call, "file"));
    if (!stored) throw new SlackError("file_not_found");
    return { file: fileOnWire(stored, call.baseUrl) };
  },
  "assistant.threads.setStatus"(call) {
    if (!call.scopes.includes("assistant:write")) throw new SlackError("missing_scope");
    const channel = conversation(call, text(call, "channel_id"));
    if (!call.world.message(channel.id, text(call, "thread_ts"))) throw new SlackError("invalid_thread_ts");
    const status = text(call, "status");
    if (status === "") call.world.statuses.delete(channel.id);
    else {
      call.world.statuses.set(channel.id, status);
      call.world.typingCount += 1;
    }
    call.world.changes.tell();
    return {};
  },
};

/** Whether a method makes a new message: the ones that trouble with sends is about. */
export function isSend(method: string): boolean {
  return method === "chat.postMessage" || method === "files.completeUploadExternal";
}

/** The event that tells of a change of a message. */
export function changeEvent(
  message: Message,
  subtype: "message_changed" | "message_deleted",
  rest: Record<string, unknown>,
): Record<string, unknown> {
  const ts = `${(Date.now() / 1000).toFixed(3)}000`;
  const { id, kind } = message.channel;
  return { type: "message", subtype, hidden: true, channel: id, channel_type: kind, ts, event_ts: ts, ...rest };
}

function same(one: { messageId: string; emoji: string }, other: { messageId: string; emoji: string }): boolean {
  return one.messageId === other.messageId && one.emoji === other.emoji;
}

function page(call: Call, belongs: (message: Message) => boolean, order: "newest first" | "oldest first") {
  const channel = conversation(call);
  const oldest = Number(text(call, "oldest", "0"));
  const latest = Number(text(call, "latest", "1e12"));
  const isInclusive = text(call, "inclusive") === "true" || text(call, "inclusive") === "1";
  const limit = Number(text(call, "limit", "100"));
  const from = Number(text(call, "cursor", "0"));
  const within = (ts: number) => (isInclusive ? ts >= oldest && ts <= latest : ts > oldest && ts < latest);
  const all = call.world.messages
    .filter((each) => each.channel === channel && !each.isDeleted && !each.isEphemeral && belongs(each))
    .filter(({ ts }) => within(Number(ts)) || (order === "oldest first" && ts === text(call, "ts")))
    .sort((one, other) =>
      order === "newest first" ? Number(other.ts) - Number(one.ts) : Number(one.ts) - Number(other.ts),
    );
  const messages = all.slice(from, from + limit);
  const hasMore = all.length > from + limit;
  const withMetadata = text(call, "include_all_metadata") !== "";
  const wire = messages.map((message) => {
    const { metadata, ...rest } = onWire(message, call.world, call.baseUrl);
    return withMetadata && metadata ? { ...rest, metadata } : rest;
  });
  return { messages: wire, has_more: hasMore, response_metadata: { next_cursor: hasMore ? String(from + limit) : "" } };
}

function userOnWire(user: User): Record<string, unknown> {
  const profile = { display_name: user.real_name, real_name: user.real_name };
  return { id: user.id, team_id: TEAM_ID, name: user.name, real_name: user.real_name, is_bot: user.isBot, profile };
}

function conversationOnWire({ id, name, kind, userId, isMember }: Conversation): Record<string, unknown> {
  const isIm = kind === "im";
  return {
    id,
    is_im: isIm,
    is_channel: !isIm,
    is_member: isMember,
    ...(name && { name }),
    ...(userId && { user: userId }),
  };
}
