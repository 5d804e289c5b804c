/** What signal-cli says of an event: its JSON, as far as it is read here. Every field may be missing or null. */
import { jsonOr } from "../../base/json.ts";

type Maybe<T> = T | null | undefined;

export interface Received {
  readonly account?: Maybe<string>;
  readonly envelope: Envelope;
  /** Why the content could not be read. */
  readonly exception?: Maybe<{ readonly message?: Maybe<string>; readonly type?: Maybe<string> }>;
}

export interface Envelope {
  readonly source?: Maybe<string>;
  readonly sourceNumber?: Maybe<string>;
  readonly sourceUuid?: Maybe<string>;
  readonly sourceName?: Maybe<string>;
  readonly timestamp: number;
  readonly serverReceivedTimestamp?: Maybe<number>;
  /** When the server handed it out: its clock as it is now. */
  readonly serverDeliveredTimestamp?: Maybe<number>;
  readonly dataMessage?: Maybe<DataMessage>;
  readonly editMessage?: Maybe<{ readonly targetSentTimestamp: number; readonly dataMessage: DataMessage }>;
  readonly syncMessage?: Maybe<{
    readonly sentMessage?: Maybe<SentMessage>;
    readonly sentStoryMessage?: Maybe<object>;
  }>;
  readonly storyMessage?: Maybe<object>;
  readonly callMessage?: Maybe<{ readonly offerMessage?: Maybe<object> }>;
  readonly receiptMessage?: Maybe<object>;
  readonly typingMessage?: Maybe<object>;
}

/** Who wrote another message, and when: Signal's name of it. */
interface Target {
  readonly targetSentTimestamp: number;
  readonly targetAuthorNumber?: Maybe<string>;
  readonly targetAuthorUuid?: Maybe<string>;
}

/** The fields of signal-cli's JsonDataMessage. */
export interface DataMessage {
  readonly timestamp: number;
  readonly message?: Maybe<string>;
  readonly expiresInSeconds?: Maybe<number>;
  readonly isExpirationUpdate?: Maybe<boolean>;
  readonly viewOnce?: Maybe<boolean>;
  readonly textStyles?: Maybe<readonly object[]>;
  readonly previews?: Maybe<
    readonly { readonly url?: Maybe<string>; readonly title?: Maybe<string>; readonly description?: Maybe<string> }[]
  >;
  readonly payment?: Maybe<{ readonly note?: Maybe<string> }>;
  readonly storyContext?: Maybe<{ readonly author?: Maybe<string>; readonly sentTimestamp?: Maybe<number> }>;
  readonly pollCreate?: Maybe<{
    readonly question?: Maybe<string>;
    readonly allowMultiple?: Maybe<boolean>;
    readonly options?: Maybe<readonly string[]>;
  }>;
  readonly pollVote?: Maybe<Target & { readonly optionIndexes?: Maybe<readonly number[]> }>;
  readonly pollTerminate?: Maybe<Target>;
  readonly pinMessage?: Maybe<Target>;
  readonly unpinMessage?: Maybe<Target>;
  readonly adminDelete?: Maybe<Target>;
  readonly groupInfo?: Maybe<{
    readonly groupId: string;
    readonly groupName?: Maybe<string>;
    readonly type?: Maybe<string>;
  }>;
  readonly quote?: Maybe<{
    readonly id: number;
    readonly author?: Maybe<string>;
    readonly authorNumber?: Maybe<string>;
    readonly authorUuid?: Maybe<string>;
    readonly text?: Maybe<string>;
    readonly attachments?: Maybe<
      readonly { readonly contentType?: Maybe<string>; readonly filename?: Maybe<string> }[]
    >;
  }>;
  readonly mentions?: Maybe<readonly Mention[]>;
  readonly attachments?: Maybe<readonly Attachment[]>;
  readonly sticker?: Maybe<{ readonly packId?: Maybe<string>; readonly stickerId?: Maybe<number> }>;
  readonly contacts?: Maybe<readonly SharedContact[]>;
  readonly reaction?: Maybe<{
    readonly emoji: string;
    readonly targetSentTimestamp: number;
    readonly isRemove?: Maybe<boolean>;
  }>;
  readonly remoteDelete?: Maybe<{ readonly timestamp: number }>;
}

export interface SharedContact {
  readonly name?: Maybe<{
    readonly display?: Maybe<string>;
    readonly given?: Maybe<string>;
    readonly family?: Maybe<string>;
    readonly nickname?: Maybe<string>;
  }>;
  readonly organization?: Maybe<string>;
  readonly phone?: Maybe<readonly { readonly value?: Maybe<string> }[]>;
  readonly email?: Maybe<readonly { readonly value?: Maybe<string> }[]>;
  readonly address?: Maybe<readonly Readonly<Record<string, unknown>>[]>;
}

export interface SentMessage extends DataMessage {
  readonly destinationNumber?: Maybe<string>;
  readonly destinationUuid?: Maybe<string>;
}

export interface Mention {
  readonly name?: Maybe<string>;
  readonly number?: Maybe<string>;
  readonly uuid?: Maybe<string>;
  readonly start: number;
  readonly length: number;
}

export interface Attachment {
  readonly id?: Maybe<string>;
  readonly contentType?: Maybe<string>;
  readonly filename?: Maybe<string>;
  readonly size?: Maybe<number>;
  readonly voiceNote?: Maybe<boolean>;
  readonly caption?: Maybe<string>;
}

/** Reads the data of a "receive" event; undefined when it does not say who sent it and when. */
export function parseReceived(data: string): Received | undefined {
  const parsed = jsonOr(data) as { result?: unknown } | undefined;
  // With subscriptions the event is wrapped.
  const received = (parsed?.result ?? parsed) as Partial<Received> | undefined;
  const { timestamp, sourceUuid, source } = received?.envelope ?? {};
  const hasSender = typeof sourceUuid === "string" || typeof source === "string";
  return typeof timestamp === "number" && hasSender ? (received as Received) : undefined;
}
