/**
 * Fits a platform's event to its declared shape and to bounds, so that every row of the inbox can be stored and read.
 * Platforms also send fields of other types than they document, and some fields are whatever a sender's client says.
 */
import { newId } from "../../../../base/ids.ts";
import type { Content, Forwarded, Inbound, MediaRef, Origin, Quote } from "../../../../kit/channel-message.ts";
import type { Item } from "../../../../kit/content/item.ts";
import type { AccountId, Chat, ChosenName, Peer, ProvenAlias } from "../../../../kit/party.ts";
import { oneLine } from "../../../../kit/text/one-line.ts";
import type { ForeignName } from "../../../../kit/text/sender-text.ts";
import { type Fit, fitFlag, fitList, fitNumber, fitOneOf, fitOr, fitPair, fitRecord, fitText } from "./fit.ts";

/** Longer than any platform's messages; no person writes more. */
const MAX_TEXT_CHARS = 200_000;
const MAX_NAME_CHARS = 256;
const MAX_MEDIA = 50;
const MAX_OTHERS = 500;
/** The most characters of an id, or of a text within an item, a quote or a forwarded message. */
const MAX_PART_CHARS = 20_000;
/** Items, and entries in one of them. */
const MAX_PARTS = 200;
/** The last moment that a `Date` can name, epoch ms. */
const MAX_DATE = 8.64e15;

/** One line of what can be seen: signs that turn the direction of a text would make an id beside the name another one. */
const name: Fit<ChosenName> = (value) => {
  const shown = oneLine(fitText(MAX_NAME_CHARS)(value) ?? "", MAX_NAME_CHARS);
  return shown === "" ? undefined : (shown as ChosenName);
};
const word: Fit<string> = fitText(MAX_NAME_CHARS);
const part: Fit<string> = fitText(MAX_PART_CHARS);
/** An empty id names nobody. */
const id: Fit<string> = (value) => part(value) || undefined;
const parts = fitList(part, MAX_PARTS);
const facts = fitList(fitPair(part), MAX_PARTS);
const time: Fit<number> = (value) => {
  const at = fitNumber(value);
  return at !== undefined && at >= 0 && at <= MAX_DATE ? Math.trunc(at) : undefined;
};

const media = fitList(
  fitRecord<MediaRef>(
    {
      ref: fitText(Number.POSITIVE_INFINITY),
      kind: fitOr(fitOneOf("image", "video", "audio", "voice", "document", "sticker"), "document"),
      mimeType: word,
      fileName: part,
      sizeBytes: fitNumber,
    },
    ["ref"],
  ),
  MAX_MEDIA,
);
const origin: Fit<Origin> = fitRecord<Origin>({ who: part, where: part, at: time });

const ITEMS: { readonly [Kind in Item["kind"]]: Fit<Extract<Item, { kind: Kind }>> } = {
  contact: fitRecord({
    ...{ kind: fitOneOf("contact"), name: part, organization: part },
    ...{ numbers: parts, mails: parts, more: facts },
  }),
  place: fitRecord({
    ...{ kind: fitOneOf("place"), latitude: fitNumber, longitude: fitNumber, name: part, address: part },
    ...{ isLive: fitFlag, isSerial: fitFlag },
  }),
  poll: fitRecord({
    ...{ kind: fitOneOf("poll"), question: fitOr(part, ""), answers: fitOr(parts, []) },
    ...{ isMultiple: fitFlag, isQuiz: fitFlag, isClosed: fitFlag },
  }),
  sticker: fitRecord({ kind: fitOneOf("sticker"), emoji: part, name: part, set: part }),
  tap: fitRecord({ kind: fitOneOf("tap"), label: fitOr(part, ""), id: part }),
  withheld: fitRecord({ kind: fitOneOf("withheld"), what: fitOr(part, ""), why: fitOr(part, "") }),
  card: fitRecord({
    ...{ kind: fitOneOf("card"), name: fitOr(part, ""), title: part, text: part, url: part },
    ...{ facts, tables: fitList(fitList(parts, MAX_PARTS), MAX_PARTS), buttons: parts },
  }),
};
const item: Fit<Item> = (value) => {
  const { kind } = (value ?? {}) as { kind?: unknown };
  return typeof kind === "string" && Object.hasOwn(ITEMS, kind) ? ITEMS[kind as Item["kind"]](value) : undefined;
};
const items = fitList(item, MAX_PARTS);

// Each name belongs to a place in the text, so that one which does not fit must stay an entry.
const others = fitList(fitOr(fitRecord<ForeignName>({ sign: fitOneOf("@", "#"), name, id: word }), {}), MAX_OTHERS);

const CONTENT: { readonly [Name in keyof Content]-?: Fit<Content[Name]> } = {
  text: fitOr(boundText, ""),
  others,
  forwardedFrom: origin,
  forwarded: fitList(fitRecord<Forwarded>({ text: fitOr(part, ""), origin: fitOr(origin, {}) }), MAX_PARTS),
  media: fitOr(media, []),
  items,
  replyTo: fitRecord<Quote>(
    {
      ...{ messageId: part, fromSelf: fitOr(fitFlag, false), text: part, media, items },
      ...{ senderId: part, isClaimed: fitFlag, senderName: name, elsewhere: origin },
    },
    ["messageId"],
  ),
  mentionsSelf: fitOr(fitFlag, false),
};

const keys: Fit<[string, ...string[]]> = (value) =>
  fitList(part, MAX_PARTS)(value) as [string, ...string[]] | undefined;
const answers: Fit<(string | number)[]> = fitList((value) => fitNumber(value) ?? part(value), MAX_PARTS);

/** What an event holds beside that which all have, by its kind. */
type Own<Kind extends Inbound["kind"]> = Omit<Extract<Inbound, { kind: Kind }>, keyof Base | "kind">;
type Base = Extract<Inbound, { kind: "unsend" }> extends infer Unsend ? Omit<Unsend, "kind" | "isVouched"> : never;

const OWN: { readonly [Kind in Inbound["kind"]]: { readonly [Name in keyof Own<Kind>]-?: Fit<Own<Kind>[Name]> } } = {
  message: { ...CONTENT, albumId: part, awaitsFiles: fitFlag, via: part, isCommand: fitFlag },
  files: { media: fitOr(media, []) },
  edit: { ...CONTENT, messageKeys: fitOr(keys, [""]), writtenAt: time },
  unsend: { isVouched: fitFlag },
  reaction: { emoji: fitOr(part, ""), isRemoved: fitOr(fitFlag, false) },
  vote: { answers: fitOr(answers, []), isSecret: fitFlag },
  button: { data: fitOr(part, ""), via: part },
  membership: { isMember: fitOr(fitFlag, false) },
  moved: { toChatId: id },
  unread: { what: fitOr(part, ""), why: fitOr(part, "") },
  unreadable: { why: fitOr(part, "") },
};

const NOBODY = "unknown" as AccountId;
const sender: Fit<Peer> = fitRecord<Peer>({
  ...{ id: fitOr(id as Fit<AccountId>, NOBODY), name, username: name },
  ...{ aliases: fitList(id as Fit<ProvenAlias>, MAX_PARTS), isBot: fitFlag, isUnproven: fitFlag },
});
const chat: Fit<Chat> = fitRecord<Chat>({
  // In a place of an unknown kind nobody is answered who does not address the account.
  ...{ id: fitOr(id, NOBODY), threadId: part, kind: fitOr(fitOneOf("direct", "group", "channel"), "group") },
  ...{ title: name, threadTitle: name, spaceId: part, isSelf: fitFlag },
});

/** A copy that fits; a cut text says that it was cut. `now` replaces an invalid time, epoch ms. */
export function boundedInbound(inbound: Inbound, now: number): Inbound {
  const base = {
    // Without a key that fits, a redelivery cannot be told apart: done twice is better than lost.
    keys: keys(inbound.keys) ?? [newId()],
    at: time(inbound.at) ?? now,
    chat: chat(inbound.chat) ?? { id: NOBODY, kind: "group" as const },
    sender: sender(inbound.sender) ?? { id: NOBODY },
    messageId: part(inbound.messageId) ?? "",
    fromSelf: inbound.fromSelf === true,
  };
  const own = fitRecord(OWN[inbound.kind] as Readonly<Record<string, Fit<unknown>>>)(inbound) ?? {};
  if (inbound.kind === "moved" && own.toChatId === undefined)
    return { ...base, kind: "unreadable", why: "The chat has a new id, which the platform does not tell." };
  return { ...base, kind: inbound.kind, ...own } as Inbound;
}

function boundText(value: unknown): string | undefined {
  const text = fitText(Number.POSITIVE_INFINITY)(value);
  if (text === undefined || text.length <= MAX_TEXT_CHARS) return text;
  return `${text.slice(0, MAX_TEXT_CHARS).toWellFormed()}\n[the rest of ${text.length} characters was left out]`;
}
