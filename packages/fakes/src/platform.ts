/**
 * What every fake platform offers, so that one suite and one drill can drive them all. A fake listens on loopback, on a
 * port of its own, speaks the platform's wire format, and keeps what a platform keeps: messages, edits, reactions. It
 * outlives the gateways that connect to it, so what it holds is the proof of what was delivered.
 */

/** A file in either direction. */
export interface FakeFile {
  readonly bytes: Uint8Array;
  readonly mimeType: string;
  readonly fileName: string;
  readonly kind: "image" | "video" | "audio" | "voice" | "document" | "sticker";
}

/** A kind of file by its MIME type. */
export function kindOfFile(mimeType: string): "image" | "video" | "audio" | "document" {
  const [type] = mimeType.split("/");
  return type === "image" || type === "video" || type === "audio" ? type : "document";
}

/** Stands in what somebody says for the mention of another person. */
export const MENTION = "\uFFFC";

/** A text in which each mention is written as the platform writes it, and where they then stand. */
export function withMentions(
  text: string,
  names: readonly string[] = [],
  write: (name: string) => string,
): { text: string; mentions: { name: string; start: number; length: number }[] } {
  const mentions: { name: string; start: number; length: number }[] = [];
  let written = "";
  for (const [index, part] of text.split(MENTION).entries()) {
    const name = names[index - 1];
    if (name !== undefined) {
      mentions.push({ name, start: written.length, length: write(name).length });
      written += write(name);
    }
    written += part;
  }
  return { text: written, mentions };
}

/** How somebody says something. */
export interface SaysOptions {
  /** Who: any name; the fake makes the person up once and keeps them. "alice" by default. */
  readonly from?: string;
  /** Where: the direct chat of that person and the account, or a group that has that name. */
  readonly in?: "direct" | { readonly group: string };
  /** A topic or thread within it, by any name. */
  readonly thread?: string;
  readonly mentionsBot?: boolean;
  /**
   * Others who are mentioned by the names that they chose, each where the text has `MENTION`. Platforms that only know
   * typed mentions show the name.
   */
  readonly mentions?: readonly string[];
  /** The platform's id of the message that this answers. */
  readonly replyTo?: string;
  readonly files?: readonly FakeFile[];
  /** It is passed on: who wrote it first, by any name. Platforms without forwarding take it as their own words. */
  readonly forwardedFrom?: string;
  /** When it was written, epoch ms; now by default. */
  readonly at?: number;
  /** The author is a bot. */
  readonly asBot?: boolean;
}

/** A message that somebody has said, as the platform knows it. */
export interface Said {
  readonly id: string;
  readonly chatId: string;
  /** The platform's id of the author, as allowlists name it. */
  readonly senderId: string;
}

/** A message that the account has sent, as the platform holds it now. */
export interface Delivered {
  readonly id: string;
  readonly chatId: string;
  readonly thread?: string | undefined;
  /** As a reader sees it: without markup. */
  readonly text: string;
  /** As it came over the wire. */
  readonly raw: string;
  readonly replyTo?: string | undefined;
  readonly files: readonly FakeFile[];
  readonly poll?: { readonly question: string; readonly options: readonly string[] } | undefined;
  readonly buttons?: readonly { readonly label: string; readonly data: string }[] | undefined;
  /** How often it was edited. */
  readonly edits: number;
  readonly isUnsent: boolean;
  /** Whether the platform fetches and shows what its links lead to; undefined where a fake does not tell. */
  readonly showsPreviews?: boolean | undefined;
  /** The client's own id, where the platform takes one. */
  readonly clientId?: string | undefined;
  readonly at: number;
}

/** Trouble that a fake can make. Each lasts until it has happened `times` times (once by default), or is ended. */
export type Trouble =
  /** Sends are refused with the server's own waiting time. */
  | { readonly kind: "rate-limit"; readonly retryAfterMs: number; readonly times?: number }
  /** Sends are taken and kept, and answered with an error of the server, or not at all. */
  | { readonly kind: "accept-then-fail"; readonly times?: number }
  /** Sends are refused for good. */
  | { readonly kind: "refuse"; readonly times?: number }
  /** Sends are answered this much later. */
  | { readonly kind: "slow"; readonly ms: number; readonly times?: number }
  /** The markup of sends is refused. */
  | { readonly kind: "refuse-markup"; readonly times?: number }
  /** Live links are cut, in the middle of a frame where there are frames. New ones are welcome. */
  | { readonly kind: "cut" }
  /** Nothing listens any more, until "up". */
  | { readonly kind: "down" }
  | { readonly kind: "up" }
  /** The last thing that somebody said is delivered once more. */
  | { readonly kind: "redeliver" }
  /** An event that cannot be read, and one of an unknown type. */
  | { readonly kind: "malformed" }
  /** The credentials are no longer valid, or the session is logged out. */
  | { readonly kind: "revoke" }
  /** Another instance takes the session. */
  | { readonly kind: "replace" }
  /** The account is blocked. */
  | { readonly kind: "ban" }
  /** The account is removed from the group that has this name. */
  | { readonly kind: "remove-from-group"; readonly group: string };

/** A reaction that the account has given. */
export interface GivenReaction {
  readonly messageId: string;
  readonly emoji: string;
}

/** One fake platform with one account on it. */
export interface FakePlatform extends AsyncDisposable {
  /** The channel's id. */
  readonly channel: string;
  /** What is under `channels.<channel>` in the config of a gateway that uses it. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Environment that the gateway's process needs. */
  readonly env?: Readonly<Record<string, string>>;
  /** A module that the gateway's process loads first (`node --import`), when it is not the fake's own process. */
  readonly preload?: string;
  /** Trouble that this fake can make. */
  readonly troubles: readonly Trouble["kind"][];

  /** Whether a gateway is linked to it now and would be told at once what is said. */
  readonly isLinked: boolean;
  /** Resolves when `isLinked`. */
  linked(): Promise<void>;
  /** Links the account by its login, as a person with a phone does, given what a login shows (QR text or code). */
  scan?(shown: string): Promise<void>;

  /** Somebody says something. Resolves when the platform has it, whoever listens. */
  says(text: string, options?: SaysOptions): Promise<Said>;
  /** The id of a person or a group of that name, made up once: what lists of the settings hold. */
  idOf(who: string | { readonly group: string }): string;
  /**
   * The author changes it. Where a platform passes on whatever a client claims (Signal, WhatsApp), `from` is somebody else
   * who names the message.
   */
  edits?(said: Said, text: string, options?: Pick<SaysOptions, "from">): Promise<void>;
  /** The author takes it back; `from` as for `edits`. */
  unsends?(said: Said, options?: Pick<SaysOptions, "from">): Promise<void>;
  /** Somebody reacts to a message of either side. */
  reacts?(messageId: string, emoji: string, options?: Pick<SaysOptions, "from" | "in">): Promise<void>;
  /** Somebody presses a button of a message that the account has sent. */
  presses?(messageId: string, data: string, options?: Pick<SaysOptions, "from">): Promise<void>;
  /** Somebody uses a command of the platform's own menu. */
  commands?(name: string, args: string, options?: Pick<SaysOptions, "from" | "in">): Promise<Said>;
  /** The names of the commands that the account has put in the platform's menu. */
  readonly menu?: readonly string[];

  /** All that the account has sent, oldest first. */
  readonly delivered: readonly Delivered[];
  readonly reactions: readonly GivenReaction[];
  /** Chats in which the account is seen typing now. */
  readonly typingIn: readonly string[];
  /** How often typing was shown so far. */
  readonly typingCount: number;
  /** Ids of messages that the account has marked as read. */
  readonly read?: readonly string[];
  /** Calls `listener` after each change of what is held: a delivery, an edit, a reaction, typing, a link. */
  onChange(listener: () => void): Disposable;

  trouble(trouble: Trouble): Promise<void>;
}
