/** Who takes part and where: people, bots and conversations of a platform. */

/** A place to send to: a conversation, and a topic within it. The id is the channel's own and is a valid target. */
export interface ChatRef {
  readonly id: string;
  readonly threadId?: string | undefined;
}

export type ChatKind = "direct" | "group" | "channel";

/** A conversation as an inbound message names it. */
export interface Chat extends ChatRef {
  readonly kind: ChatKind;
  readonly title?: ChosenName | undefined;
  /** The title of the topic or thread. */
  readonly threadTitle?: ChosenName | undefined;
  /** The server, guild or team that the chat belongs to. */
  readonly spaceId?: string | undefined;
  /** The account's conversation with itself ("note to self"). */
  readonly isSelf?: boolean | undefined;
}

declare const kindOfName: unique symbol;

/** An id that the platform assigns and nobody can choose. Rights are given to these. */
export type AccountId = string & { readonly [kindOfName]: "account id" };

/**
 * Another id of one account, where the platform proves that they belong together: a WhatsApp LID beside a number. It
 * gives the same rights as the id.
 */
export type ProvenAlias = string & { readonly [kindOfName]: "proven alias" };

/**
 * A name that its holder chose and can change: a user name, a display name, a title. Somebody else can take it, so it is
 * shown, and never compared with a list that gives rights.
 */
export type ChosenName = string & { readonly [kindOfName]: "chosen name" };

/**
 * Marks a text as an id that the platform assigned. Called in `channels/` only, where the platform's answers are read.
 */
export function accountId(text: string): AccountId {
  return text as AccountId;
}

/** Marks a text as an id that the platform proves to belong to the same account. Called in `channels/` only. */
export function provenAlias(text: string): ProvenAlias {
  return text as ProvenAlias;
}

/** Marks a text as a name that people chose. */
export function chosenName(text: string): ChosenName;
export function chosenName(text: string | undefined): ChosenName | undefined;
export function chosenName(text: string | undefined): ChosenName | undefined {
  return text as ChosenName | undefined;
}

/** A person or bot. */
export interface Peer {
  readonly id: AccountId;
  /** Further ids; lists may hold one of these in place of `id`. */
  readonly aliases?: readonly ProvenAlias[] | undefined;
  readonly name?: ChosenName | undefined;
  readonly username?: ChosenName | undefined;
  readonly isBot?: boolean | undefined;
  /**
   * The transport does not authenticate its senders (SMS), so this sender has a stranger's rights whoever it seems to
   * be.
   */
  readonly isUnproven?: boolean | undefined;
}

/** Names a message on the platform. `senderId` is set where the platform needs it (WhatsApp groups, Signal). */
export interface MessageRef {
  readonly chat: ChatRef;
  readonly id: string;
  readonly senderId?: string | undefined;
  /** Whether the account itself sent it. */
  readonly isOwn?: boolean | undefined;
}
