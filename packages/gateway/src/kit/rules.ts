/**
 * The one rule for what a platform tells: what a person made is never dropped. A channel reads each event into a
 * `Reading`, and an empty one cannot be written: an event becomes something that is taken in, a record that it could not
 * be read, or traffic of which a list says why no person made it.
 */
import type { Inbound } from "./channel.ts";

/** Traffic that no person made; `nobody` says why that is so. It is logged and not kept. */
export interface Nobodys {
  readonly nobody: string;
}

/** What an event amounts to. */
export type Reading = Inbound | readonly [Inbound, ...Inbound[]] | Nobodys;

/** What a channel does with one kind of event, message or block. */
export type Rule<Read> =
  | { readonly read: Read }
  /** People make it, and it cannot be shown; the words say what it is, for `moltbot why`. */
  | { readonly unread: string }
  | Nobodys;

/**
 * A rule for each kind that a platform's SDK knows. The keys come from the SDK's own types, so that a kind without a rule
 * does not compile, also after an update of the SDK.
 */
export type Rules<Kind extends PropertyKey, Read> = Readonly<Record<Kind, Rule<Read>>>;

/** What an event holds that is taken in; nothing of traffic that no person made. */
export function inboundIn(reading: Reading): readonly Inbound[] {
  if ("nobody" in reading) return [];
  return "kind" in reading ? [reading] : reading;
}

/** All of them, or why there is none. */
export function readingOf(inbound: readonly Inbound[], nobody: string): Reading {
  const [first, ...rest] = inbound;
  return first ? [first, ...rest] : { nobody };
}
