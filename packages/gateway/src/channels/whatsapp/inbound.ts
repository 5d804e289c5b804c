/** Messages of the library as `Inbound`: what was said, changed, taken back or reacted to, by whom and where. */
import type { proto, WAMessage } from "@whiskeysockets/baileys";
import type { Content, Inbound, Origin, Quote } from "../../kit/channel-message.ts";
import { isEmpty } from "../../kit/content/content.ts";
import type { Reading, Rules } from "../../kit/rules.ts";
import { asTyped, foreignName, reading, type SenderText, shown, startingAt } from "../../kit/text/sender-text.ts";
import { isBroadcast, isGroup, isLid, isPerson, isStatus, peerId, withoutDevice } from "./addresses.ts";
import { contentFrom, type ReadText } from "./content-parts.ts";
import { partsOf } from "./kinds.ts";
import type { Baileys } from "./library.ts";
import type { People } from "./people.ts";

type Protocol = proto.Message.IProtocolMessage;

const machine = { nobody: "devices of one account keep each other up to date" };

/** What messages about messages and chats mean, by `ProtocolMessage.Type` (the library's protocol buffers). */
const PROTOCOL: Rules<proto.Message.ProtocolMessage.Type, "unsend" | "edit"> = {
  0: { read: "unsend" },
  14: { read: "edit" },
  3: { unread: "Somebody changed how long messages stay in the chat." },
  11: { unread: "Somebody shared their phone number with the account." },
  25: { unread: "Somebody mentioned the account in a status post; open it on the phone." },
  26: { unread: "Somebody stopped an answer of WhatsApp's own assistant." },
  27: { unread: "Somebody changed who may pass on what is said in the chat." },
  30: { unread: "Somebody changed their label in the group." },
  4: machine,
  5: machine,
  6: machine,
  7: machine,
  8: machine,
  9: machine,
  10: machine,
  16: machine,
  17: machine,
  18: machine,
  19: machine,
  20: machine,
  21: machine,
  22: machine,
  23: machine,
  24: machine,
  28: machine,
  29: machine,
};

/** Reads one message. */
export async function readMessage(library: Baileys, people: People, message: WAMessage, now: number): Promise<Reading> {
  const { key } = message;
  const address = key.remoteJid ?? "";
  if (!key.id) return { nobody: "it has no id, so it is no message of a person" };
  if (!(isPerson(address) || isLid(address) || isGroup(address) || isBroadcast(address)))
    return { nobody: "it comes from WhatsApp itself" };
  const content = library.normalizeMessageContent(message.message) ?? {};
  const base = await origin(people, message, now);
  if (isStatus(address)) return unread(base, "status post", "A status post, which is no message to the account.");
  const { reactionMessage, protocolMessage, pollUpdateMessage } = content;
  if (reactionMessage) {
    const emoji = reactionMessage.text ?? "";
    const messageId = reactionMessage.key?.id;
    if (!messageId) return unread(base, "reaction", "A reaction that does not say to which message.");
    return { ...base, kind: "reaction", messageId, emoji, isRemoved: emoji === "" };
  }
  const poll = pollUpdateMessage?.pollCreationMessageKey?.id;
  if (poll) return { ...base, kind: "vote", messageId: poll, answers: [], isSecret: true };
  if (protocolMessage) return await readProtocol(library, people, base, protocolMessage);
  return await messageOf(people, base, message, content);
}

/** A message that cannot be read: only its sender and chat are known. */
export async function unreadable(people: People, message: WAMessage, now: number): Promise<Inbound> {
  return { ...(await origin(people, message, now)), kind: "unreadable", why: "WhatsApp delivered a damaged message." };
}

/** A message that WhatsApp shows on the phone only; `kind` is WhatsApp's word for it. */
export async function withheld(people: People, message: WAMessage, kind: string, now: number): Promise<Inbound> {
  const base = await origin(people, message, now);
  if (!kind.startsWith("view_once")) return unread(base, kind, "WhatsApp shows it on the phone only.");
  const what = "a photo, video or voice message that can be opened once";
  const items = [{ kind: "withheld", what, why: "WhatsApp hands it to the phone only" }] as const;
  return { ...base, kind: "message", text: "", media: [], items, mentionsSelf: false };
}

type Base = Awaited<ReturnType<typeof origin>>;

async function origin(people: People, message: WAMessage, now: number) {
  const { key, pushName } = message;
  const address = key.remoteJid ?? "";
  const fromSelf = key.fromMe === true;
  // What somebody sends to a list of theirs is a direct message to each on it.
  const isToList = isBroadcast(address) && !isStatus(address);
  const place = isToList && !fromSelf ? (key.participant ?? "") : address;
  const hasAuthor = isGroup(address) || isBroadcast(address);
  const author = hasAuthor ? (key.participant ?? "") : address;
  const foreignName = hasAuthor ? key.participantAlt : key.remoteJidAlt;
  // Of our own messages the other address is our own, not the chat's.
  const chat = await people.chat(place, fromSelf ? undefined : isToList ? foreignName : key.remoteJidAlt);
  const sender = fromSelf ? people.self : await people.peer(author, foreignName, pushName);
  const messageId = key.id ?? "";
  const keys: [string] = [`${chat.id} ${sender.id} ${messageId}`];
  const seconds = Number(message.messageTimestamp);
  const at = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : now;
  return { keys, at, chat, sender, messageId, fromSelf };
}

function unread(base: Base, what: string, why: string): Inbound {
  return { ...base, kind: "unread", what, why };
}

async function readProtocol(library: Baileys, people: People, base: Base, message: Protocol): Promise<Reading> {
  // The first of them is not on the wire.
  const type = message.type ?? 0;
  const rule = Object.hasOwn(PROTOCOL, type) ? PROTOCOL[type] : undefined;
  if (!rule) return unread(base, `protocol ${type}`, "A change of a kind that this version does not know.");
  if ("nobody" in rule) return rule;
  if ("unread" in rule) return unread(base, `protocol ${type}`, rule.unread);
  const messageId = message.key?.id;
  if (!messageId) return unread(base, rule.read, "A change that does not say of which message.");
  if (rule.read === "unsend") return { ...base, kind: "unsend", messageId };
  const edited = library.normalizeMessageContent(message.editedMessage ?? undefined) ?? {};
  const messageKeys = [`${base.chat.id} ${base.sender.id} ${messageId}`] as const;
  return { ...base, kind: "edit", messageId, messageKeys, ...(await contentOf(people, base, edited)).content };
}

async function messageOf(
  people: People,
  base: Base,
  { message }: WAMessage,
  content: proto.IMessage,
): Promise<Reading> {
  const { content: held, parts } = await contentOf(people, base, content);
  if (isEmpty(held)) {
    if (parts.unread) return unread(base, parts.unread.what, parts.unread.why);
    if (parts.nobody) return { nobody: parts.nobody };
    return unread(
      base,
      "unknown kind",
      "WhatsApp sent something that this version does not know; open it on the phone.",
    );
  }
  const album = (content.messageContextInfo ?? message?.messageContextInfo)?.messageAssociation?.parentMessageKey?.id;
  return { ...base, kind: "message", ...held, ...(album && { albumId: album }) };
}

/** What a message holds, with what goes around it. */
async function contentOf(people: People, { chat }: Base, content: proto.IMessage) {
  const context = contextOf(content);
  const readText = await readerOf(people, context?.mentionedJid ?? []);
  const parts = partsOf(content, readText);
  const { externalAdReply: ad, quotedAd } = context ?? {};
  const shownAd = [ad?.title, ad?.body, ad?.sourceUrl, quotedAd?.advertiserName, quotedAd?.caption]
    .filter(Boolean)
    .join("\n");
  const forwarded = [
    ...(parts.forwarded ?? []),
    ...(shownAd === "" ? [] : [{ text: shownAd, origin: { where: "an advertisement" } }]),
  ];
  const held: Content = {
    ...contentFrom({ ...parts, forwarded }),
    ...(context?.isForwarded && { forwardedFrom: passedOnFrom(context) }),
    replyTo: quoteOf(people, chat.id, context, readText),
    mentionsSelf: (context?.mentionedJid ?? []).some((address) => people.isSelf(address)),
  };
  return { content: held, parts };
}

/** WhatsApp says that something was passed on, and of channels only from which one. */
function passedOnFrom({ forwardedNewsletterMessageInfo: channel }: proto.IContextInfo): Origin {
  return channel?.newsletterName ? { where: channel.newsletterName } : {};
}

/** Phones write a mention as "@" and the digits of an address; ours at the beginning is an address, and left out. */
async function readerOf(people: People, addresses: readonly string[]): Promise<ReadText> {
  const named = new Map<string, SenderText>();
  const own = new Set<string>();
  for (const address of addresses) {
    const [digits = ""] = withoutDevice(address).split("@");
    const id = peerId(await people.addressOf(address));
    if (people.isSelf(address)) own.add(digits);
    named.set(digits, foreignName({ sign: "@", name: people.nameOf(id), id }));
  }
  const mention = /@(\d+)/g;
  return (text) => {
    const said = reading(text, mention, ([whole, digits = ""]) => named.get(digits) ?? asTyped(whole));
    const address = /^\s*@(\d+)[\s,:]*/.exec(text);
    return address && own.has(address[1]!) ? withoutFirst(said) : said;
  };
}

/** Without a mention at the beginning, and the blanks behind it. */
function withoutFirst(said: SenderText): SenderText {
  return startingAt(said, /^\s*\uFFFC[\s,:]*/.exec(said.text)?.[0].length ?? 0);
}

function quoteOf(
  people: People,
  chatId: string,
  context: proto.IContextInfo | undefined,
  readText: ReadText,
): Quote | undefined {
  if (!context?.stanzaId) return undefined;
  const { text, others, media, items } = contentFrom(partsOf(context.quotedMessage ?? {}, readText));
  const said = shown({ text, others }, "whatsapp");
  const { remoteJid } = context;
  // A direct chat has several addresses, and a quote from one is mostly from this one.
  const isElsewhere = remoteJid && remoteJid !== chatId && !isPerson(remoteJid) && !isLid(remoteJid);
  return {
    messageId: context.stanzaId,
    fromSelf: people.isSelf(context.participant),
    ...(said && { text: said }),
    ...(media.length > 0 && { media }),
    ...(items && { items }),
    isClaimed: true,
    ...(isElsewhere && {
      elsewhere: { where: isStatus(remoteJid) ? "a status post" : (people.titleOf(remoteJid) ?? remoteJid) },
    }),
  };
}

/** Mentions and quotes are in whichever part the message has. */
function contextOf(content: proto.IMessage): proto.IContextInfo | undefined {
  for (const part of Object.values(content)) {
    const { contextInfo, message } = (part ?? {}) as proto.Message.IFutureProofMessage & {
      contextInfo?: proto.IContextInfo | null;
    };
    const found = contextInfo ?? (message && typeof message === "object" ? contextOf(message) : undefined);
    if (found) return found;
  }
  return undefined;
}
