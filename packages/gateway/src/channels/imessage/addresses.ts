/**
 * How people and conversations of iMessage are named. A person is a handle: "+15550100" or "ann@example.com". A direct
 * conversation has the id of its person; a group has the guid that Messages gave it, "iMessage;+;chat4000001".
 */
import { ChannelError, type ChatRef, plainPeer } from "../../kit/channel.ts";

/** A handle in its one form: digits after "+", or an address in lower case. */
export function handleOf(text: string): string {
  const plain = text.trim().replace(/^(?:tel|mailto):/i, "");
  if (plain.includes("@")) return plain.toLowerCase();
  const digits = plain.replace(/[\s().\-/]/g, "");
  return /^\+?\d+$/.test(digits) ? digits : plain;
}

/** As allowlists spell somebody. */
export function normalHandle(text: string): string {
  return handleOf(plainPeer("imessage", text));
}

/** "iMessage;-;+15550100" in its parts: the service, "+" for groups or "-" for one person, and who or which. */
export function partsOf(guid: string): { service: string; isGroup: boolean; rest: string } | undefined {
  const [, service, kind, rest] = /^(\w+);([+-]);(.+)$/.exec(guid) ?? [];
  return service && rest ? { service, isGroup: kind === "+", rest } : undefined;
}

/** The id of the conversation that Messages calls `guid`. */
export function chatIdOf(guid: string): string {
  const parts = partsOf(guid);
  return parts && !parts.isGroup ? handleOf(parts.rest) : guid;
}

/** Reads "+1 555 0100", "ann@example.com", "chat_id:7", "chat_guid:…" and "iMessage;-;+15550100". */
export function iMessageTarget(text: string): ChatRef {
  const plain = text.trim().replace(/^(?:imessage|imsg|sms):(?=.)/i, "");
  const [, guid] = /^chat_guid:(.+)$/i.exec(plain) ?? [];
  const [, row] = /^chat_id:(\d+)$/i.exec(plain) ?? [];
  if (row) return { id: `chat_id:${row}` };
  if (partsOf(guid ?? plain)) return { id: chatIdOf(guid ?? plain) };
  const handle = handleOf(plain);
  if (/^\+?\d{3,20}$/.test(handle) || /^[^\s@;]+@[^\s@;]+$/.test(handle)) return { id: handle };
  throw new ChannelError(
    "rejected",
    `iMessage has no target "${text}": give a phone number with its country code (+15550100), an e-mail address, chat_id:NUMBER or chat_guid:GUID.`,
  );
}

/** What tells the conversation with a person of a service other than iMessage: its guid is kept under this key of state. */
export function chatGuidKey(chatId: string): string {
  return `chat:${chatId}`;
}
