/**
 * How people and conversations of iMessage are named. A person is a handle: "+15550100" or "ann@example.com". Apple proves
 * the sender of an iMessage. Nobody proves that of an SMS, so whoever writes by another service has another id:
 * "sms:+15550100". A direct conversation has the id of its person; a group has the guid that Messages gave it,
 * "iMessage;+;chat4000001".
 */
import { ChannelError, plainPeer } from "../../kit/channel.ts";
import { accountId, type ChatRef, type Peer } from "../../kit/party.ts";

/** A handle in its one form: digits after "+", or an address in lower case. */
export function handleOf(text: string): string {
  const plain = text.trim().replace(/^(?:tel|mailto):/i, "");
  if (plain.includes("@")) return plain.toLowerCase();
  const digits = plain.replace(/[\s().\-/]/g, "");
  return /^\+?\d+$/.test(digits) ? digits : plain;
}

/** As allowlists spell somebody: "+15550100", and "sms:+15550100" for whoever writes by SMS under that number. */
export function normalHandle(text: string): string {
  const { service, handle } = servedHandle(plainPeer("imessage", text));
  return withService(service, handleOf(handle));
}

/** The service whose senders are proven. */
const PROVEN = "imessage";
/** What macOS 26 calls the service of a conversation that takes any. It says nothing of a message. */
const ANY = "any";

/**
 * Who wrote a message. `services` are all that the platform says of its service (the message's, the handle's, the
 * conversation's): the sender is proven only when at least one is told and each is iMessage.
 */
export function senderOf(handle: string, services: readonly unknown[]): Peer {
  const service = serviceOf(services);
  if (service === PROVEN) return { id: accountId(handleOf(handle)) };
  return { id: accountId(withService(service, handleOf(handle))), isUnproven: true };
}

/** The service that a message came by, in lower case: "imessage", "sms", "rcs"; "unknown" when none is told. */
function serviceOf(services: readonly unknown[]): string {
  const told = services
    .filter((service) => typeof service === "string" && service !== "")
    .map((service) => String(service).toLowerCase())
    .filter((service) => service !== ANY);
  return told.find((service) => service !== PROVEN) ?? told[0] ?? "unknown";
}

/** "sms:+15550100" in its parts; without a service it is one of iMessage. */
export function servedHandle(text: string): { service: string; handle: string } {
  const [, service = PROVEN, handle = text] = /^(?!tel:|mailto:)([a-z]+):(.+)$/i.exec(text.trim()) ?? [];
  return { service: service.toLowerCase(), handle };
}

function withService(service: string, handle: string): string {
  return service === PROVEN ? handle : `${service}:${handle}`;
}

/** "iMessage;-;+15550100" in its parts: the service, "+" for groups or "-" for one person, and who or which. */
export function partsOf(guid: string): { service: string; isGroup: boolean; rest: string } | undefined {
  const [, service, kind, rest] = /^(\w+);([+-]);(.+)$/.exec(guid) ?? [];
  return service && rest ? { service, isGroup: kind === "+", rest } : undefined;
}

/** The id of the conversation that Messages calls `guid`. */
export function chatIdOf(guid: string): string {
  const parts = partsOf(guid);
  if (!parts || parts.isGroup) return guid;
  const service = parts.service.toLowerCase();
  return withService(service === ANY ? PROVEN : service, handleOf(parts.rest));
}

/** Reads "+1 555 0100", "sms:+1 555 0100", "ann@example.com", "chat_id:7", "chat_guid:…" and "iMessage;-;+15550100". */
export function iMessageTarget(text: string): ChatRef {
  const plain = text.trim().replace(/^(?:imessage|imsg):(?=.)/i, "");
  const [, guid] = /^chat_guid:(.+)$/i.exec(plain) ?? [];
  const [, row] = /^chat_id:(\d+)$/i.exec(plain) ?? [];
  if (row) return { id: `chat_id:${row}` };
  if (partsOf(guid ?? plain)) return { id: chatIdOf(guid ?? plain) };
  const { service, handle } = servedHandle(plain);
  const id = handleOf(handle);
  if (/^\+?\d{3,20}$/.test(id) || /^[^\s@;:]+@[^\s@;:]+$/.test(id)) return { id: withService(service, id) };
  throw new ChannelError(
    "rejected",
    `iMessage has no target "${text}": give a phone number with its country code (+15550100), an e-mail address, chat_id:NUMBER or chat_guid:GUID.`,
  );
}

/**
 * The key of state that keeps the guid of a direct conversation as the Mac spells it. Conversations by SMS were once named
 * by the number alone: what still names them so is sent to the guid that was kept.
 */
export function chatGuidKey(chatId: string): string {
  return `chat:${chatId}`;
}
