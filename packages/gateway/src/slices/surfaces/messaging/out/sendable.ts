/** A row of the outbox as a connection takes it, and what its refusal means. */

import { ChannelError } from "../../../../kit/channel.ts";
import type { Outbound, Sent } from "../../../../kit/channel-message.ts";
import type { Rendered } from "../../../../kit/text/dialect.ts";
import { type Account, toChannelError } from "../accounts/account.ts";
import type { OutboxRow, Payload } from "./outbox/outbox-rows.ts";

/** A message as a connection gets it. */
export function outboundOf({ clientId, chat, payload, queuedAt }: OutboxRow): Outbound {
  const { replyTo, via, buttons, silent, content } = payload;
  return {
    clientId,
    chat,
    text: textOfPart(payload),
    media: content.kind === "part" ? content.media : undefined,
    replyTo,
    via,
    buttons,
    silent,
    queuedAt,
  };
}

/** The text of a message, without markup where the platform has refused that. */
export function textOfPart({ content, isPlain }: Payload): Rendered {
  if (content.kind !== "part") return { text: "", plain: "" };
  return isPlain ? { text: content.text.plain, plain: content.text.plain } : content.text;
}

/** The platform's id of a message. Throws `ChannelError` "unknown" when its answer names none. */
export function namedBy({ id }: Sent, { definition: { label } }: Account): string {
  if (typeof id === "string" && id !== "" && id !== "undefined") return id;
  throw new ChannelError("unknown", `${label} answered without an id; whether it took the message cannot be told.`);
}

/** The error of a send as a `ChannelError`; an unclear failure has kind `unknown`. */
export function toSendError(error: unknown, { definition: { label } }: Account): ChannelError {
  return error instanceof ChannelError
    ? error
    : new ChannelError("unknown", toChannelError(error, label).message, { cause: error });
}
