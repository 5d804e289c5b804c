/** A message of a transcript as it is stored. */

import { asPeopleRead, type Source } from "../../../../kit/text/framing.ts";
import type { MediaRef } from "../media.ts";
import type { Message } from "../schema.ts";
import { messageIn } from "./message-body.ts";

/**
 * A part of a message as it is stored; pictures are files. Tool calls and thinking occur only in the assistant's
 * messages. `from` says whose words a text is when they are not simply those of the message's role; `text` is then
 * unframed.
 */
export type StoredPart =
  | { readonly type: "text"; readonly text: string; readonly from?: Source | undefined }
  | ({ readonly type: "image" } & MediaRef)
  | {
      readonly type: "toolCall";
      readonly id: string;
      readonly name: string;
      readonly arguments: unknown;
      readonly providerData?: Readonly<Record<string, unknown>> | undefined;
    }
  | {
      readonly type: "thinking";
      readonly thinking: string;
      readonly providerData?: Readonly<Record<string, unknown>> | undefined;
    };

/** A message that is added to a transcript. */
export interface NewMessage {
  readonly role: Message["role"];
  readonly content: readonly StoredPart[];
  readonly runId?: string;
  readonly idempotencyKey?: string;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly usage?: Message["usage"] | undefined;
  readonly stopReason?: string | undefined;
  readonly errorMessage?: string | undefined;
  /** Which call a message of role `toolResult` answers. */
  readonly toolCallId?: string | undefined;
  readonly toolName?: string | undefined;
  /** What kind of entry it is, and what belongs to that; for programs. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly isError?: boolean | undefined;
}

/** A message of a transcript. */
export interface StoredMessage extends NewMessage {
  readonly id: string;
  readonly at: number;
}

/** A row of `messages`, as far as a message is read from it. */
export interface MessageRow {
  readonly id: string;
  readonly role: Message["role"];
  readonly at: number;
  readonly runId: string | null;
  readonly text: string;
  readonly body: string;
}

/** The columns of a `MessageRow`. */
export const MESSAGE = "id, role, at, run_id as runId, text, body";

/** The text of a message as people read it: its text parts, a blank line between them. */
export function textOf(content: readonly StoredPart[]): string {
  return content.flatMap((part) => (part.type === "text" ? [asPeopleRead(part.text, part.from)] : [])).join("\n\n");
}

/** A message as its row says it. */
export function toMessage({ id, role, at, runId, text, body }: MessageRow): StoredMessage {
  return { id, role, at, ...(runId !== null && { runId }), ...messageIn(body, text) };
}
