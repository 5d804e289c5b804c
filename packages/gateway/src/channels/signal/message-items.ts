/** What a message of Signal shows beside its text: cards, polls, pages and files. */

import type { Forwarded, MediaKind, MediaRef, Quote } from "../../kit/channel-message.ts";
import type { Item } from "../../kit/content/item.ts";
import { oneLine } from "../../kit/text/one-line.ts";
import type { Attachment, DataMessage, SharedContact } from "./envelope.ts";

/** What `MediaRef.ref` holds. */
export interface FileAddress {
  readonly id: string;
  readonly chatId: string;
}

/** What a message holds that is neither text nor file. */
export function itemsIn({ sticker, contacts, pollCreate, payment, viewOnce }: DataMessage, files: number): Item[] {
  const isWithheld = viewOnce === true && files === 0;
  return [
    ...(sticker ? [{ kind: "sticker", ...(sticker.packId && { set: sticker.packId }) } as const] : []),
    ...(contacts ?? []).map(contactOf),
    ...(pollCreate ? [pollOf(pollCreate)] : []),
    ...(payment?.note ? [{ kind: "card", name: "Payment", text: payment.note } as const] : []),
    ...(isWithheld
      ? [
          {
            kind: "withheld",
            what: "a picture or video that can be opened once",
            why: "Signal hands it to the phone only",
          } as const,
        ]
      : []),
  ];
}

/** The parts of a postal address, in the order in which it is written. */
const ADDRESS = ["pobox", "street", "neighborhood", "city", "region", "postcode", "country"] as const;

function contactOf({ name, organization, phone, email, address }: SharedContact): Item {
  const called = name?.display || [name?.given, name?.family].filter(Boolean).join(" ") || name?.nickname;
  return {
    kind: "contact",
    name: called || undefined,
    organization: organization || undefined,
    numbers: (phone ?? []).flatMap(({ value }) => value || []),
    mails: (email ?? []).flatMap(({ value }) => value || []),
    more: (address ?? []).map((each) => ["address", ADDRESS.flatMap((part) => each[part] || []).join(", ")] as const),
  };
}

function pollOf({ question, options, allowMultiple }: NonNullable<DataMessage["pollCreate"]>): Item {
  return { kind: "poll", question: question ?? "", answers: options ?? [], isMultiple: allowMultiple === true };
}

/** What a link leads to, as the sender's app shows it. */
export function pagesIn({ previews }: DataMessage): Forwarded[] {
  return (previews ?? []).flatMap(({ url, title, description }) => {
    const text = [title, description].filter(Boolean).join("\n");
    return text === "" ? [] : [{ text, origin: { where: url || "a page" } }];
  });
}

/** Signal quotes files by their kind and name. */
export function quotedFiles(
  files: readonly { readonly contentType?: string | null | undefined; readonly filename?: string | null | undefined }[],
): Pick<Quote, "items"> {
  if (files.length === 0) return {};
  return {
    items: files.map(({ contentType, filename }) => ({
      kind: "withheld",
      what: `a file (${oneLine([filename, contentType].filter(Boolean).join(", ")) || "of an unknown kind"})`,
      why: "Signal names it and does not send it again",
    })),
  };
}

/** A file of a message; none when Signal does not hand it over. */
export function mediaOf(attachment: Attachment, chatId: string): MediaRef[] {
  const { id, contentType, filename, size } = attachment;
  if (!id) return [];
  const address: FileAddress = { id, chatId };
  return [
    {
      ref: JSON.stringify(address),
      kind: kindOf(attachment),
      mimeType: contentType ?? undefined,
      fileName: filename ?? undefined,
      sizeBytes: size ?? undefined,
    },
  ];
}

/** Old apps write words under each file. */
export function captionOf({ caption, filename }: Attachment): Item[] {
  return caption ? [{ kind: "card", name: "About the file", title: filename ?? undefined, text: caption }] : [];
}

/** Only what Signal marks as a voice note was recorded by its sender. */
function kindOf({ contentType, voiceNote }: Attachment): MediaKind {
  const [type] = (contentType ?? "").split("/");
  if (type === "audio") return voiceNote === true ? "voice" : "audio";
  return type === "image" || type === "video" ? type : "document";
}
