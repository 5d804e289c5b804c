/**
 * WhatsApp's addresses. A person is a phone number ("15550001@s.whatsapp.net") and, in groups of today, an id without one
 * ("900001@lid"); a device of theirs has ":2" before the "@". We name people by number, "+15550001", and chats by address.
 */
import { ChannelError, plainPeer } from "../../kit/channel.ts";
import type { ChatRef } from "../../kit/party.ts";

const PERSON = "@s.whatsapp.net";
const LID = "@lid";
const GROUP = "@g.us";
const BROADCAST = "@broadcast";

/** The address without a device: "15550001:2@s.whatsapp.net" → "15550001@s.whatsapp.net". */
export function withoutDevice(address: string): string {
  return address.replace(/[:_.]\d+(?=@)/, "").replace("@c.us", PERSON);
}

export function isPerson(address: string): boolean {
  return address.endsWith(PERSON);
}

export function isLid(address: string): boolean {
  return address.endsWith(LID);
}

export function isGroup(address: string): boolean {
  return address.endsWith(GROUP);
}

/** A list of somebody's to which they write at once, or the status posts of all. */
export function isBroadcast(address: string): boolean {
  return address.endsWith(BROADCAST);
}

export function isStatus(address: string): boolean {
  return address === `status${BROADCAST}`;
}

/** How a person is named: the number where it is known, else the address. */
export function peerId(address: string): string {
  return isPerson(address) ? `+${address.slice(0, -PERSON.length)}` : address;
}

/** The address of somebody who is named so. */
export function addressOf(id: string): string {
  return id.startsWith("+") ? `${id.slice(1)}${PERSON}` : id;
}

/** Reads "+1 (555) 0001", "15550001@s.whatsapp.net", "900001@lid" and "12036300001@g.us". */
export function whatsappTarget(text: string): ChatRef {
  const plain = text
    .trim()
    .replace(/^(whatsapp|wa):/i, "")
    .trim();
  const address = plain.toLowerCase();
  if (/^[\d-]+@g\.us$/.test(address)) return { id: address };
  if (/^\d+(:\d+)?@(s\.whatsapp\.net|c\.us|lid)$/.test(address)) return { id: withoutDevice(address) };
  // Ids of groups are longer than any phone number (E.164: at most 15 digits).
  if (/^\d{16,}$/.test(plain)) return { id: `${plain}${GROUP}` };
  const number = numberIn(plain);
  if (number) return { id: `${number}${PERSON}` };
  throw new ChannelError(
    "rejected",
    `WhatsApp has no target "${text}": give a phone number with its country code, such as +15551234567, or a group's id, such as 120363000000000000@g.us.`,
  );
}

/** A person as allowlists name them, in the form of `peerId`. */
export function whatsappPeer(text: string): string {
  const plain = plainPeer("whatsapp", text);
  if (/@(s\.whatsapp\.net|c\.us|lid)$/.test(plain)) return peerId(withoutDevice(plain));
  const number = numberIn(plain);
  return number ? `+${number}` : plain;
}

/** The digits of an international number, however it is written. */
function numberIn(text: string): string | undefined {
  if (!/^\+?[\d\s().-]+$/.test(text)) return undefined;
  const digits = text.replace(/\D/g, "").replace(/^00/, "");
  return /^\d{7,15}$/.test(digits) ? digits : undefined;
}
