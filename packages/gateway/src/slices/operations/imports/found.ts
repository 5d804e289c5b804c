/** What was found in the state folder of another gateway, in one form for all of its generations. */
import type { AdoptedDevice } from "../../core/devices/adopt.ts";
import type { NewMessage } from "../../core/sessions/messages/stored-message.ts";

/** The two forms of state folders: files of January 2026, and databases of later that year. */
export type Generation = "january" | "today";

/** Something a person should know: where it is in the folder, and a sentence. */
export interface Note {
  /** Relative to the folder, with a line number where there is one: `agents/main/sessions/x.jsonl:12`. */
  readonly at: string;
  readonly text: string;
}

/** One message of a transcript. Pictures still carry their bytes. */
export interface FoundMessage {
  /** The entry's id, unique within its transcript. */
  readonly id: string;
  /** When it was said, epoch ms. */
  readonly at: number;
  readonly message: Omit<NewMessage, "content"> & { readonly content: readonly FoundPart[] };
}

export type FoundPart = NewMessage["content"][number] | FoundPicture;

export interface FoundPicture {
  readonly type: "picture";
  /** Base64. */
  readonly data: string;
  readonly mimeType: string;
}

/** A transcript: one span of a conversation, from one reset to the next. */
export interface FoundTranscript {
  /** The id that it has in the other gateway. */
  readonly id: string;
  readonly agentId: string;
  /** The conversation that it belongs to; undefined where nothing says it. */
  readonly key: string | undefined;
  /** Whether the conversation goes on in it. */
  readonly isCurrent: boolean;
  /** Why it began; undefined for the first and where nothing says it. */
  readonly reason?: string | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly label?: string | undefined;
  readonly tokens?: { readonly input: number; readonly output: number; readonly total: number } | undefined;
  /** Reads the messages; what cannot be read is noted. */
  messages(): readonly FoundMessage[];
}

/** A device; of its tokens those that still count. */
export type FoundDevice = AdoptedDevice;

/** A job as `cron.add` takes it, with the id that it has. */
export interface FoundJob {
  readonly id: string;
  readonly name: string;
  readonly job: Readonly<Record<string, unknown>>;
  /** Times that a grid without an anchor goes by, epoch ms. */
  readonly nextRunAtMs?: number | undefined;
}

export interface FoundSender {
  readonly channel: string;
  readonly account?: string | undefined;
  readonly sender: string;
}

/** A file of a channel's login, as rows of that channel's state. */
export interface FoundLogin {
  readonly channel: string;
  readonly account: string;
  readonly values: ReadonlyMap<string, string>;
}

export interface FoundCommand {
  readonly agentId: string;
  readonly pattern: string;
}

/** A key of a model's provider. */
export interface FoundKey {
  readonly provider: string;
  readonly profile: string;
  readonly key: string;
}

export interface FoundState {
  readonly generation: Generation;
  /** The folder, by its real path. */
  readonly folder: string;
  /** The settings with includes and variables put in. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly agents: readonly { readonly id: string; readonly workspace: string | undefined }[];
  readonly transcripts: readonly FoundTranscript[];
  readonly devices: readonly FoundDevice[];
  readonly jobs: readonly FoundJob[];
  readonly senders: readonly FoundSender[];
  readonly logins: readonly FoundLogin[];
  readonly commands: readonly FoundCommand[];
  readonly keys: readonly FoundKey[];
  readonly voiceWake: readonly string[] | undefined;
  /** What could not be read, and why. */
  readonly warnings: readonly Note[];
  /** What is never taken over, and why. */
  readonly left: readonly Note[];
}
