/** Asks a platform about a message that it may have taken. */
import { ignore, TellableError } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { Connection } from "../../../../kit/channel.ts";
import type { OutboxRow } from "./outbox/outbox-rows.ts";
import { outboundOf } from "./sendable.ts";

/** The most time that a platform has for one message, ms. */
export const SEND_LIMIT_MS = 60_000;

/** The platform's id of a message, or whether it is certain that the platform does not have it. */
export async function lookFor(
  row: OutboxRow,
  connection: Connection,
  clock: Clock,
): Promise<string | "absent" | "unknown"> {
  if (!connection.findSent || row.payload.content.kind !== "part") return "unknown";
  const limit = new AbortController();
  using _timer = clock.after(SEND_LIMIT_MS, () => limit.abort(new TellableError("no answer in time")));
  try {
    const found = await connection.findSent(outboundOf(row), limit.signal);
    return typeof found === "string" ? found : found.id;
  } catch (error) {
    ignore(error, "what cannot be asked stays unknown");
    return "unknown";
  }
}
