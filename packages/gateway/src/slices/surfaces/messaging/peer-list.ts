/**
 * Lists of the settings that give rights to people: owners, allowFrom, groupAllowFrom. The only place where a person is
 * compared with such a list. Ids that the platform assigned and aliases that it proved count; names never do.
 */
import type { ChannelDefinition } from "../../../kit/channel.ts";
import type { AccountId, Peer, ProvenAlias } from "../../../kit/party.ts";

/** How a channel spells its ids. */
export type Spelling = Pick<ChannelDefinition, "normalPeer" | "ids">;

/** An entry that is no id: it gives no rights. */
export interface NameEntry {
  readonly index: number;
  readonly entry: string;
}

const STAR = "*";

export class PeerList {
  /** As they were written. */
  readonly entries: readonly string[];
  /** Whether "*" is among the entries. It is nobody in particular: `holds` does not count it. */
  readonly isEveryone: boolean;
  /** Entries that name nobody, since their holder could change. */
  readonly names: readonly NameEntry[];
  readonly #ids: ReadonlySet<string>;
  readonly #spelling: Spelling;

  constructor(entries: readonly string[], spelling: Spelling) {
    this.entries = entries;
    this.isEveryone = entries.some((entry) => entry.trim() === STAR);
    this.names = entries.flatMap((entry, index) =>
      entry.trim() === STAR || isPeerId(entry, spelling) ? [] : [{ index, entry }],
    );
    this.#ids = new Set(
      entries.filter((entry) => isPeerId(entry, spelling)).map((entry) => spelling.normalPeer(entry)),
    );
    this.#spelling = spelling;
  }

  /** Whether the list names this person, under any of their ids. */
  holds(peer: Peer): boolean {
    return identitiesOf(peer).some((id) => this.#ids.has(this.#spelling.normalPeer(id)));
  }
}

/** All ids of one person: whichever of them a rule names, it is the same person. */
export function identitiesOf({ id, aliases = [] }: Pick<Peer, "id" | "aliases">): readonly (AccountId | ProvenAlias)[] {
  return [id, ...aliases];
}

/** Whether two peers, as the platform named them, are one person: they share an id. */
export function isSamePerson(one: Pick<Peer, "id" | "aliases">, other: Pick<Peer, "id" | "aliases">): boolean {
  const ids = new Set<string>(identitiesOf(one));
  return identitiesOf(other).some((id) => ids.has(id));
}

/** Whether an entry of the settings has the form of an id that the platform assigns to people. */
export function isPeerId(entry: string, { normalPeer, ids }: Spelling): boolean {
  return ids.peer.test(normalPeer(entry));
}

/** Whether a key of `groups` has the form of an id that the platform assigns to conversations; "*" is every one. */
export function isChatId(key: string, { ids }: Pick<ChannelDefinition, "ids">): boolean {
  return key === STAR || ids.chat.test(key);
}
