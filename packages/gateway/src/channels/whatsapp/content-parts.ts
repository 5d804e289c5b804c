/** The parts of a message: what one piece of content says, shows or offers. */

import type { proto } from "@whiskeysockets/baileys";
import { jsonOr } from "../../base/json.ts";
import type { Content, Forwarded, MediaRef } from "../../kit/channel-message.ts";
import type { Card, Item } from "../../kit/content/item.ts";
import { contactIn } from "../../kit/content/vcard.ts";
import { asTyped, type SenderText } from "../../kit/text/sender-text.ts";

/** How a text is read: the digits of mentions become people. */
export type ReadText = (text: string) => SenderText;

/** What a message holds, or a part of one. */
export interface Parts {
  readonly said?: SenderText | undefined;
  readonly media?: readonly MediaRef[] | undefined;
  readonly items?: readonly Item[] | undefined;
  readonly forwarded?: readonly Forwarded[] | undefined;
  /** Something that cannot be shown: the platform's name of it, and what it is. */
  readonly unread?: { readonly what: string; readonly why: string } | undefined;
  /** Why no person made it. */
  readonly nobody?: string | undefined;
}

/** Makes the content of a message from its parts. */
export function contentFrom({ said, media = [], items = [], forwarded = [] }: Parts): Omit<Content, "mentionsSelf"> {
  return {
    ...(said ?? asTyped("")),
    media,
    ...(items.length > 0 && { items }),
    ...(forwarded.length > 0 && { forwarded }),
  };
}

/** A file, or the word that it is not handed over. */
export function filed(what: string, media: readonly MediaRef[], said?: SenderText): Parts {
  if (media.length > 0) return { media, said };
  return { said, items: [{ kind: "withheld", what, why: "WhatsApp does not hand it to this device" }] };
}

/** The page that a link shows a preview of is its author's, not the sender's. */
export function linked(
  { text, title, description, matchedText }: proto.Message.IExtendedTextMessage,
  read: ReadText,
): Parts {
  const page = [title, description].filter(Boolean).join("\n");
  const forwarded = page === "" ? [] : [{ text: page, origin: { where: matchedText || "a page" } }];
  return { said: read(text ?? ""), forwarded };
}

/** A place on the map. */
export function placeOf(place: proto.Message.ILocationMessage): Item {
  const { degreesLatitude, degreesLongitude, name, address, url, isLive } = place;
  return {
    kind: "place",
    ...{ latitude: degreesLatitude ?? undefined, longitude: degreesLongitude ?? undefined },
    ...{ name: name ?? undefined, address: [address, url].filter(Boolean).join(", ") || undefined },
    ...(isLive && { isLive, isSerial: true }),
  };
}

/** The card of a person. */
export function contactOf({ displayName, vcard }: proto.Message.IContactMessage): Item {
  return contactIn(vcard ?? "", displayName ?? undefined);
}

/** A poll with its answers. */
export function pollIn({ name, options, selectableOptionsCount, pollType }: proto.Message.IPollCreationMessage): Item {
  return {
    kind: "poll",
    question: name ?? "",
    answers: (options ?? []).map(({ optionName }) => optionName ?? ""),
    isMultiple: selectableOptionsCount !== 1,
    isQuiz: pollType === 1,
  };
}

/** The result of a poll as somebody shares it. */
export function resultsIn({ name, pollVotes }: proto.Message.IPollResultSnapshotMessage): Parts {
  const facts = (pollVotes ?? []).map(
    ({ optionName, optionVoteCount }) => [optionName, String(optionVoteCount ?? 0)] as const,
  );
  return card("Results of a poll", { title: name, facts });
}

/** The label of a button, with where it leads. */
export function templateButton({
  quickReplyButton,
  urlButton,
  callButton,
}: proto.IHydratedTemplateButton): string | undefined {
  if (urlButton) return [urlButton.displayText, urlButton.url].filter(Boolean).join(" ");
  if (callButton) return [callButton.displayText, callButton.phoneNumber].filter(Boolean).join(" ");
  return quickReplyButton?.displayText ?? undefined;
}

/** Buttons of flows say what they show as JSON: one label, or the rows of a list. */
export function flowButtons({
  name,
  buttonParamsJson,
}: proto.Message.InteractiveMessage.NativeFlowMessage.INativeFlowButton): string[] {
  const { display_text, title, url, sections } = fieldsIn(buttonParamsJson);
  const label = [display_text, title, name].find((each) => typeof each === "string" && each !== "") as
    | string
    | undefined;
  const rows = (Array.isArray(sections) ? sections : []).flatMap(({ rows: each }: { rows?: { title?: string }[] }) =>
    (each ?? []).map((row) => row.title ?? ""),
  );
  return [[label, typeof url === "string" ? url : ""].filter(Boolean).join(" "), ...rows].filter((each) => each !== "");
}

/** A tap in a flow, or a form that was filled in. */
export function responseIn({ body, nativeFlowResponseMessage }: proto.Message.IInteractiveResponseMessage): Parts {
  const params = fieldsIn(nativeFlowResponseMessage?.paramsJson);
  const { id, title, display_text, flow_token: _, ...rest } = params;
  const label = [body?.text, title, display_text].find((each) => typeof each === "string" && each !== "");
  const facts = Object.entries(rest).map(
    ([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)] as const,
  );
  const tapped = tap(String(label ?? nativeFlowResponseMessage?.name ?? ""), typeof id === "string" ? id : undefined);
  if (facts.length === 0) return tapped;
  return { items: [...(tapped.items ?? []), ...(card("Form", { facts }).items ?? [])] };
}

function fieldsIn(json: string | null | undefined): Record<string, unknown> {
  const value = jsonOr(json ?? "");
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** A button that was pressed, or a row that was chosen. */
export function tap(label: string | null | undefined, id: string | null | undefined): Parts {
  return { items: [{ kind: "tap", label: label ?? "", ...(id && { id }) }] };
}

type Maybe = string | null | undefined;

/** Names and values of a card; those without a value are left out. */
export type Facts = readonly (readonly [Maybe, Maybe])[];

/** A card as WhatsApp draws it. */
export function card(
  name: string,
  {
    title,
    text,
    facts = [],
    buttons = [],
    url,
  }: { title?: Maybe; text?: Maybe; facts?: Facts; buttons?: readonly Maybe[]; url?: Maybe },
): Parts {
  const shown: Card = {
    kind: "card",
    name,
    ...(title && { title }),
    ...(text && { text }),
    facts: facts.flatMap(([fact, value]) => (value ? [[fact ?? "", value] as const] : [])),
    buttons: buttons.flatMap((label) => label || []),
    ...(url && { url }),
  };
  return { items: [shown] };
}

/** Parts with a card before the other items. */
export function withCard({ media, items: others = [] }: Parts, { items = [] }: Parts): Parts {
  return { media, items: [...items, ...others] };
}

/** Amounts are told in thousandths. */
export function amountIn(thousandths: unknown, currency: Maybe): string | undefined {
  const amount = Number(thousandths ?? Number.NaN) / 1000;
  return Number.isFinite(amount) ? `${amount} ${currency ?? ""}`.trim() : undefined;
}

/** Newer phones tell an amount with the number of its digits behind the point. */
export function moneyIn(money: proto.IMoney | null | undefined): string | undefined {
  const thousandths = (Number(money?.value ?? Number.NaN) / (money?.offset || 1)) * 1000;
  return amountIn(thousandths, money?.currencyCode);
}

/** A time as people read it; undefined when it is none. */
export function timeIn(time: unknown, unitMs: number): string | undefined {
  const at = Number(time ?? Number.NaN) * unitMs;
  return at > 0 && at < 8.64e15 ? `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC` : undefined;
}
