/** Every kind of content that the library's protocol buffers know, and what it says. */
import type { proto } from "@whiskeysockets/baileys";
import { itemText } from "../../kit/content/item.ts";
import type { Rule } from "../../kit/rules.ts";
import { lines } from "../../kit/text/sender-text.ts";
import { buttonsIn, interactiveIn, listIn, orderIn, productIn, structuredIn, templateIn } from "./cards.ts";
import {
  amountIn,
  card,
  contactOf,
  type Facts,
  filed,
  linked,
  moneyIn,
  type Parts,
  placeOf,
  pollIn,
  type ReadText,
  responseIn,
  resultsIn,
  tap,
  timeIn,
} from "./content-parts.ts";
import { mediaOf } from "./media.ts";

type Message = proto.IMessage;
type Kind = keyof Message;
type Reads<K extends Kind> = (content: NonNullable<Message[K]>, read: ReadText) => Parts;

/** Content within content: what counts is inside. */
const inside = {
  read: ({ message }: proto.Message.IFutureProofMessage, read: ReadText) => partsOf(message ?? {}, read),
};
const poll = { read: (asked: proto.Message.IPollCreationMessage) => ({ items: [pollIn(asked)] }) };
const key = { nobody: "keys that devices exchange by themselves" };
const isEncrypted = "WhatsApp encrypts it for the phone that wrote the message it is about";
const statusNews = { unread: "It is about a status post, which is not a conversation." };

const KINDS: { readonly [K in Kind]-?: Rule<Reads<K>> } = {
  conversation: { read: (text, read) => ({ said: read(text) }) },
  extendedTextMessage: { read: linked },
  imageMessage: { read: (file, read) => filed("a picture", mediaOf({ imageMessage: file }), read(file.caption ?? "")) },
  videoMessage: { read: (file, read) => filed("a video", mediaOf({ videoMessage: file }), read(file.caption ?? "")) },
  ptvMessage: { read: (file, read) => filed("a video", mediaOf({ ptvMessage: file }), read(file.caption ?? "")) },
  audioMessage: { read: (file) => filed("a recording", mediaOf({ audioMessage: file })) },
  documentMessage: {
    read: (file, read) => filed("a file", mediaOf({ documentMessage: file }), read(file.caption ?? "")),
  },
  stickerMessage: {
    read: (sticker) => ({
      media: mediaOf({ stickerMessage: sticker }),
      items: sticker.accessibilityLabel ? [{ kind: "sticker", name: sticker.accessibilityLabel }] : [],
    }),
  },
  stickerPackMessage: {
    read: ({ name, publisher, packDescription, caption }, read) => ({
      said: read(caption ?? ""),
      ...card("Sticker pack", { title: name, text: packDescription, facts: [["by", publisher]] }),
    }),
  },
  contactMessage: { read: (contact) => ({ items: [contactOf(contact)] }) },
  contactsArrayMessage: { read: ({ contacts }) => ({ items: (contacts ?? []).map(contactOf) }) },
  locationMessage: {
    read: (place, read) => ({ said: read(place.comment ?? ""), items: [placeOf(place)] }),
  },
  liveLocationMessage: {
    read: ({ degreesLatitude, degreesLongitude, caption }, read) => ({
      said: read(caption ?? ""),
      items: [
        {
          kind: "place",
          ...{ latitude: degreesLatitude ?? undefined, longitude: degreesLongitude ?? undefined },
          ...{ isLive: true, isSerial: true },
        },
      ],
    }),
  },
  pollCreationMessage: poll,
  pollCreationMessageV2: poll,
  pollCreationMessageV3: poll,
  pollCreationMessageV5: poll,
  pollCreationMessageV4: inside,
  pollCreationOptionImageMessage: inside,
  pollResultSnapshotMessage: { read: resultsIn },
  pollResultSnapshotMessageV3: { read: resultsIn },
  pollUpdateMessage: { unread: `A vote in a poll of somebody else; ${isEncrypted}.` },
  eventMessage: {
    read: ({ name, description, startTime, endTime, location, joinLink, isCanceled }) =>
      card(isCanceled ? "Event, cancelled" : "Event", {
        title: name,
        text: description,
        facts: [
          ["begins", timeIn(startTime, 1000)],
          ["ends", timeIn(endTime, 1000)],
          ["where", location && itemText(placeOf(location)).replace(/^Place: /, "")],
        ],
        url: joinLink,
      }),
  },
  encEventResponseMessage: { unread: `An answer to an invitation to an event; ${isEncrypted}.` },
  encReactionMessage: { unread: `A reaction in a community; ${isEncrypted}.` },
  encCommentMessage: { unread: `A comment in a community; ${isEncrypted}.` },
  commentMessage: inside,
  secretEncryptedMessage: { unread: `A change of a message; ${isEncrypted}.` },
  templateMessage: { read: templateIn },
  highlyStructuredMessage: { read: structuredIn },
  interactiveMessage: { read: interactiveIn },
  buttonsMessage: { read: buttonsIn },
  listMessage: { read: listIn },
  buttonsResponseMessage: {
    read: ({ selectedDisplayText, selectedButtonId }) => tap(selectedDisplayText, selectedButtonId),
  },
  templateButtonReplyMessage: { read: ({ selectedDisplayText, selectedId }) => tap(selectedDisplayText, selectedId) },
  listResponseMessage: {
    read: ({ title, singleSelectReply, description }) =>
      tap([title, description].filter(Boolean).join(" — "), singleSelectReply?.selectedRowId),
  },
  interactiveResponseMessage: { read: responseIn },
  orderMessage: { read: orderIn },
  productMessage: { read: productIn },
  invoiceMessage: {
    read: ({ note, attachmentDirectPath }) => {
      const file = { kind: "withheld", what: "the invoice's file", why: "it can be opened on the phone" } as const;
      return { items: [...(card("Invoice", { text: note }).items ?? []), ...(attachmentDirectPath ? [file] : [])] };
    },
  },
  sendPaymentMessage: { read: ({ noteMessage }, read) => noted("Payment", noteMessage, read) },
  requestPaymentMessage: {
    read: ({ noteMessage, amount1000, currencyCodeIso4217, amount }, read) =>
      noted("Request for a payment", noteMessage, read, [
        ["amount", moneyIn(amount) ?? amountIn(amount1000, currencyCodeIso4217)],
      ]),
  },
  declinePaymentRequestMessage: { read: () => card("Request for a payment, declined", {}) },
  cancelPaymentRequestMessage: { read: () => card("Request for a payment, cancelled", {}) },
  paymentInviteMessage: { read: () => card("Invitation to set up payments", {}) },
  groupInviteMessage: {
    read: ({ groupName, caption, inviteCode }, read) => ({
      said: read(caption ?? ""),
      ...card("Invitation to a group", {
        title: groupName,
        url: inviteCode ? `https://chat.whatsapp.com/${inviteCode}` : undefined,
      }),
    }),
  },
  newsletterAdminInviteMessage: {
    read: ({ newsletterName, caption }, read) => ({
      said: read(caption ?? ""),
      ...card("Invitation to run a channel", { title: newsletterName }),
    }),
  },
  newsletterFollowerInviteMessageV2: {
    read: ({ newsletterName, caption }, read) => ({
      said: read(caption ?? ""),
      ...card("Invitation to follow a channel", { title: newsletterName }),
    }),
  },
  requestPhoneNumberMessage: { read: () => card("Request for your phone number", {}) },
  scheduledCallCreationMessage: {
    read: ({ title, scheduledTimestampMs }) =>
      card("Call, planned", { title, facts: [["begins", timeIn(scheduledTimestampMs, 1)]] }),
  },
  scheduledCallEditMessage: { read: () => card("Call, cancelled", {}) },
  call: { unread: "A call; the gateway takes none." },
  bcallMessage: { unread: "A call; the gateway takes none." },
  callLogMesssage: { unread: "An entry of the list of calls." },
  richResponseMessage: {
    read: ({ submessages }) =>
      card("Answer of an assistant", {
        text: (submessages ?? []).map(({ messageText }) => messageText ?? "").join("\n"),
      }),
  },
  questionResponseMessage: { read: ({ text }, read) => ({ said: read(text ?? "") }) },
  statusQuestionAnswerMessage: { read: ({ text }, read) => ({ said: read(text ?? "") }) },
  statusQuotedMessage: { read: ({ text }) => card("Status post", { text }) },
  statusStickerInteractionMessage: statusNews,
  statusNotificationMessage: statusNews,
  statusMentionMessage: { unread: "Somebody mentioned the account in a status post; open it on the phone." },
  groupStatusMentionMessage: { unread: "Somebody mentioned the group in a status post; open it on the phone." },
  statusAddYours: inside,
  groupStatusMessage: inside,
  groupStatusMessageV2: inside,
  placeholderMessage: {
    read: () => ({
      items: [{ kind: "withheld", what: "a message", why: "WhatsApp shows it on the phone only" }],
    }),
  },
  ephemeralMessage: inside,
  viewOnceMessage: inside,
  viewOnceMessageV2: inside,
  viewOnceMessageV2Extension: inside,
  documentWithCaptionMessage: inside,
  editedMessage: inside,
  associatedChildMessage: inside,
  groupMentionedMessage: inside,
  botInvokeMessage: inside,
  botTaskMessage: inside,
  botForwardedMessage: inside,
  lottieStickerMessage: inside,
  eventCoverImage: inside,
  questionMessage: inside,
  questionReplyMessage: inside,
  deviceSentMessage: inside,
  limitSharingMessage: { unread: "Somebody changed who may pass on what is said in the chat." },
  pinInChatMessage: { unread: "Somebody pinned a message, or took a pin away." },
  keepInChatMessage: { unread: "Somebody kept a message that would disappear, or let it go." },
  chat: { unread: "A reference to a chat." },
  messageHistoryBundle: { nobody: "older messages that a phone passes on to a new member; they were said before" },
  messageHistoryNotice: { nobody: "tells that older messages were passed on" },
  albumMessage: { nobody: "announces an album; each of its pictures is a message" },
  stickerSyncRmrMessage: { nobody: "devices keep their stickers alike" },
  senderKeyDistributionMessage: key,
  fastRatchetKeySenderKeyDistributionMessage: key,
  messageContextInfo: { nobody: "goes around the content" },
  reactionMessage: { nobody: "read as a reaction" },
  protocolMessage: { nobody: "read as an edit, a deletion or a setting" },
};

/** Everything that a message holds. */
export function partsOf(message: Message, read: ReadText): Parts {
  const all: Parts[] = [];
  for (const [kind, content] of Object.entries(message)) {
    const rule = Object.hasOwn(KINDS, kind) ? (KINDS[kind as Kind] as Rule<Reads<Kind>>) : undefined;
    if (content === null || content === undefined || !rule) continue;
    if ("read" in rule) all.push(rule.read(content as never, read));
    else if ("unread" in rule) all.push({ unread: { what: kind, why: rule.unread } });
    else all.push(rule);
  }
  return {
    said: lines(all.flatMap(({ said }) => said ?? [])),
    media: all.flatMap(({ media = [] }) => media),
    items: all.flatMap(({ items = [] }) => items),
    forwarded: all.flatMap(({ forwarded = [] }) => forwarded),
    unread: all.find(({ unread }) => unread)?.unread,
    nobody: all.find(({ nobody }) => nobody)?.nobody,
  };
}

function noted(name: string, note: Message | null | undefined, read: ReadText, facts: Facts = []): Parts {
  const parts = partsOf(note ?? {}, read);
  return { ...parts, items: [...(card(name, { facts }).items ?? []), ...(parts.items ?? [])] };
}
