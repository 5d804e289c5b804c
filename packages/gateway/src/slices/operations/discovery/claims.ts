/** Whose a name is: the probe that asks, and what a message of others means for our names (RFC 6762, 8 and 9). Pure functions. */
import { isSameName, type Message, type Record, TYPE, typeOf } from "../../../base/discovery/message.ts";
import { dataBytes, writeMessage } from "../../../base/discovery/message-writer.ts";
import { MDNS_PORT, type Sender } from "../../../base/discovery/multicast.ts";

/** Asks for each name once, and says what we mean to put there. */
export function probeFor(unique: readonly Record[]): Buffer {
  const names = unique
    .map(({ name }) => name)
    .filter((name, at, all) => all.findIndex((each) => isSameName(each, name)) === at);
  const questions = names.map((name) => ({ name, type: TYPE.ANY, isUnicast: false }));
  return writeMessage({ questions, authorities: unique.map((record) => ({ ...record, isUnique: false })) });
}

/**
 * What a message means for our names: another has one of them (`taken`), or asks for it at the same time and wins (`lost`).
 * Undefined when it leaves them to us; our own messages come back and do.
 */
export function verdictOn(
  { isResponse, answers, additionals, authorities }: Message,
  { port }: Sender,
  { unique, isTold }: { readonly unique: readonly Record[]; readonly isTold: boolean },
): "taken" | "lost" | undefined {
  // Answers of multicast DNS come from its port (RFC 6762, 6).
  if (isResponse)
    return port === MDNS_PORT && [...answers, ...additionals].some((each) => contradicts(each, unique))
      ? "taken"
      : undefined;
  if (isTold) return undefined;
  return authorities.some((each) => contradicts(each, unique) && wins(each, unique)) ? "lost" : undefined;
}

/** Whether a record has the name of ours and says something else. One that is taken back says nothing. */
function contradicts({ name, ttl, data }: Record, unique: readonly Record[]): boolean {
  if (ttl === 0 || data.kind === "other" || data.kind === "PTR") return false;
  const ours = unique.filter((each) => isSameName(each.name, name));
  if (ours.length === 0) return false;
  const ofType = ours.filter((each) => typeOf(each.data) === typeOf(data));
  // A host may have addresses of a kind that we do not tell.
  if (ofType.length === 0) return data.kind !== "AAAA" && data.kind !== "A";
  return !ofType.some((each) => dataBytes(each.data).equals(dataBytes(data)));
}

/** The record that is later in the order of bytes wins (RFC 6762, 8.2). */
function wins({ name, data }: Record, unique: readonly Record[]): boolean {
  return unique
    .filter((each) => isSameName(each.name, name) && typeOf(each.data) === typeOf(data))
    .every((each) => Buffer.compare(dataBytes(data), dataBytes(each.data)) > 0);
}
