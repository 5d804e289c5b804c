/** Ids of people, as the other gateways write them. */

const PREFIX = /^(?:tg|telegram|signal|discord|slack|imessage|whatsapp|user):/i;

/** An id as our channels write it: without the channel's name before it, numbers without blanks and brackets. */
export function bareId(id: string, channel: string): string {
  const bare = id.trim().replace(PREFIX, "");
  return channel === "whatsapp" || channel === "signal" ? bare.replace(/[\s()-]/g, "") : bare;
}
