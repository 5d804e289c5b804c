/**
 * The rule for events of platforms: what a person made is never dropped. A channel reads each event into a `Reading`,
 * which cannot be empty: the event is taken in, is recorded as unreadable, or is traffic that a list names with the
 * reason why no person made it.
 */
import type { Inbound } from "./channel-message.ts";

/** Traffic that no person made; `nobody` says why. It is logged and not stored. */
export interface SystemTraffic {
  readonly nobody: string;
}

/** The result of reading an event. */
export type Reading = Inbound | readonly [Inbound, ...Inbound[]] | SystemTraffic;

/** What a channel does with one kind of event, message or block. */
export type Rule<Read> =
  | { readonly read: Read }
  /** People make it, but it cannot be shown; the text says what it is, for `moltbot why`. */
  | { readonly unread: string }
  | SystemTraffic;

/**
 * A rule for each kind that a platform's SDK knows. The keys come from the SDK's types, so a kind without a rule does
 * not compile, also after an update of the SDK.
 */
export type Rules<Kind extends PropertyKey, Read> = Readonly<Record<Kind, Rule<Read>>>;

/** The inbound events of a reading; none for traffic that no person made. */
export function inboundIn(reading: Reading): readonly Inbound[] {
  if ("nobody" in reading) return [];
  return "kind" in reading ? [reading] : reading;
}

/** A reading of these events, or the reason why there are none. */
export function readingOf(inbound: readonly Inbound[], nobody: string): Reading {
  const [first, ...rest] = inbound;
  return first ? [first, ...rest] : { nobody };
}

/**
 * Whether something came that may have to be answered: more than what the account, a bot, has sent itself, and traffic
 * that no person made. A power cut may take the rest; what a channel notes beside it is how far it has read.
 */
export function holdsWork(readings: readonly Reading[]): boolean {
  const isOwn = (each: Inbound) => each.kind === "message" && each.fromSelf && each.sender.isBot === true;
  return readings.length === 0 || readings.flatMap(inboundIn).some((each) => !isOwn(each));
}
