/** Messages as channels read and send them. */

import type { Item } from "./content/item.ts";
import type { Chat, ChatRef, ChosenName, MessageRef, Peer } from "./party.ts";
import type { Rendered } from "./text/dialect.ts";
import type { SenderText } from "./text/sender-text.ts";

export type MediaKind = "image" | "video" | "audio" | "voice" | "document" | "sticker";

/** A file of an inbound message. `ref` is the channel's own and is handed back to `fetchMedia`, also after a restart. */
export interface MediaRef {
  readonly ref: string;
  readonly kind: MediaKind;
  readonly mimeType?: string | undefined;
  readonly fileName?: string | undefined;
  readonly sizeBytes?: number | undefined;
}

/** The quoted message of an inbound one. Without text, its files and items describe it. */
export interface Quote {
  readonly messageId: string;
  readonly fromSelf: boolean;
  readonly text?: string | undefined;
  readonly media?: readonly MediaRef[] | undefined;
  readonly items?: readonly Item[] | undefined;
  /** The id of whoever wrote it. */
  readonly senderId?: string | undefined;
  /** The platform passes on what the sender claims (Signal, WhatsApp): text and author may be made up. */
  readonly isClaimed?: boolean | undefined;
  readonly senderName?: ChosenName | undefined;
  /** The chat of a quote from another chat, as far as the platform names it. */
  readonly elsewhere?: Origin | undefined;
}

/** The origin of a forwarded message, as far as the platform names it; `{}` when it names nothing. */
export interface Origin {
  /** A name, with the id where there is one. */
  readonly who?: string | undefined;
  /** A chat, a channel, a page. */
  readonly where?: string | undefined;
  /** Epoch ms. */
  readonly at?: number | undefined;
}

/** A text of somebody else that came with a message: passed on, shared, or shown of a page. */
export interface Forwarded {
  readonly text: string;
  readonly origin: Origin;
}

/** The content of a message. */
export interface Content extends SenderText {
  /** Set when text, files and items are not the sender's own. Such a text is never a command. */
  readonly forwardedFrom?: Origin | undefined;
  /** Texts of others beside the sender's own one. */
  readonly forwarded?: readonly Forwarded[] | undefined;
  readonly media: readonly MediaRef[];
  readonly items?: readonly Item[] | undefined;
  readonly replyTo?: Quote | undefined;
  readonly mentionsSelf: boolean;
}

interface InboundBase {
  /**
   * The keys that tell a redelivery apart, most telling first. The event is dropped when any of them is known already;
   * unique within the account.
   */
  readonly keys: readonly [string, ...string[]];
  /** When the platform says it happened, epoch ms. */
  readonly at: number;
  readonly chat: Chat;
  readonly sender: Peer;
  /** The platform's id of the message that this is, or is about. */
  readonly messageId: string;
  /** The account itself wrote it: an echo of what we sent, or the owner on another device. */
  readonly fromSelf: boolean;
}

/** Something that happened on the platform. */
export type Inbound =
  | (InboundBase &
      Content & {
        readonly kind: "message";
        /** Parts of one album arrive as several messages with the same id. */
        readonly albumId?: string | undefined;
        /** Whether the platform sends its files later, as `files`. */
        readonly awaitsFiles?: boolean | undefined;
        /** Passed back with the first part of the answer, for example to answer a native command. */
        readonly via?: string | undefined;
        /** A native command or menu: it is addressed to us wherever it was typed. */
        readonly isCommand?: boolean | undefined;
      })
  /** Files of a message that was first sent without them. */
  | (InboundBase & { readonly kind: "files"; readonly media: readonly MediaRef[] })
  /**
   * `sender` edited the message; it has effect if the message is theirs. The content is complete. `messageKeys` are the
   * keys of the message itself: an edit that addresses the agent is taken as the message when that was never received.
   * `writtenAt` is the time of the first version, where it is known.
   */
  | (InboundBase &
      Content & {
        readonly kind: "edit";
        readonly messageKeys: readonly [string, ...string[]];
        readonly writtenAt?: number | undefined;
      })
  /**
   * `sender` took the message back; it has effect if the message is theirs. `isVouched`: the platform itself says that
   * the message is gone, whoever removed it (Discord does not say who).
   */
  | (InboundBase & { readonly kind: "unsend"; readonly isVouched?: boolean | undefined })
  | (InboundBase & { readonly kind: "reaction"; readonly emoji: string; readonly isRemoved: boolean })
  /**
   * `sender` voted in the poll `messageId`. Answers are texts, or indexes of the poll's answers from 0. No answers: the
   * vote was taken back, or `isSecret`.
   */
  | (InboundBase & {
      readonly kind: "vote";
      readonly answers: readonly (string | number)[];
      /** Whether the platform reports the vote without its answer. */
      readonly isSecret?: boolean | undefined;
    })
  | (InboundBase & { readonly kind: "button"; readonly data: string; readonly via?: string | undefined })
  /** The account was added to a chat or removed from it. */
  | (InboundBase & { readonly kind: "membership"; readonly isMember: boolean })
  /** The chat has a new id. */
  | (InboundBase & { readonly kind: "moved"; readonly toChatId: string })
  /** A person made something that the channel cannot show: `what` is the platform's name of it, `why` a sentence. */
  | (InboundBase & { readonly kind: "unread"; readonly what: string; readonly why: string })
  /** The platform sent something that cannot be read; `why` is a sentence without content. */
  | (InboundBase & { readonly kind: "unreadable"; readonly why: string });

export type InboundMessage = Extract<Inbound, { kind: "message" }>;

/** A file to send. It is private, complete and within the channel's limit. */
export interface OutboundMedia {
  readonly path: string;
  readonly kind: MediaKind;
  readonly mimeType: string;
  readonly fileName: string;
  readonly sizeBytes: number;
}

export interface Button {
  readonly label: string;
  /** Is sent back as `data` when the button is pressed; at most 64 bytes. */
  readonly data: string;
}

/** One message to send: a text, or a file with a text under it. Text is rendered and within the channel's limit. */
export interface Outbound {
  /**
   * 20 lower-case hexadecimal digits, unchanged when a doubtful message is sent again. A channel whose platform takes a
   * client's id derives it from this.
   */
  readonly clientId: string;
  readonly chat: ChatRef;
  readonly text: Rendered;
  readonly media?: OutboundMedia | undefined;
  readonly replyTo?: MessageRef | undefined;
  readonly via?: string | undefined;
  readonly buttons?: readonly (readonly Button[])[] | undefined;
  readonly silent?: boolean | undefined;
  /** When it was queued, epoch ms. */
  readonly queuedAt: number;
}

/** A question with answers to choose from. */
export interface Poll {
  readonly clientId: string;
  readonly chat: ChatRef;
  readonly question: string;
  readonly options: readonly string[];
  readonly maxSelections: number;
  readonly durationHours?: number | undefined;
}

/** What the platform says of a message it took. */
export interface Sent {
  readonly id: string;
  readonly pollId?: string | undefined;
  /** The chat it went to, when the platform named another id than the target's. */
  readonly chatId?: string | undefined;
}

/** Separates the sender's own text from forwarded texts. */
export function ownAndForwarded(
  own: SenderText,
  forwarded: readonly Forwarded[],
): SenderText & Pick<Content, "forwarded"> {
  return forwarded.length === 0 ? own : { ...own, forwarded };
}
