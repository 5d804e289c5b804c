/** Who is who: the account itself, people behind their LIDs, and the titles of groups. */
import type { ChannelState, StateChanges } from "../../kit/channel.ts";
import { accountId, type Chat, chosenName, type Peer, provenAlias } from "../../kit/party.ts";
import { isGroup, isLid, isPerson, isStatus, peerId, withoutDevice } from "./addresses.ts";

const TITLE_PREFIX = "title/";
/** Names of people that are remembered, for mentions. */
const MAX_NAMES = 2_000;

/** Looks up a person's number by the LID; undefined when it was never told. */
export type NumberOf = (lid: string) => Promise<string | null | undefined>;

export class People {
  readonly #state: ChannelState;
  readonly #numberOf: NumberOf;
  readonly #own: readonly string[];
  readonly #names = new Map<string, string>();

  /** `own` are the account's addresses, the number first. */
  constructor(state: ChannelState, own: readonly string[], numberOf: NumberOf) {
    this.#state = state;
    this.#own = own.map(withoutDevice);
    this.#numberOf = numberOf;
  }

  /** The account itself. */
  get self(): Peer {
    const [address = ""] = this.#own;
    return { id: accountId(peerId(address)), aliases: this.#own.map(provenAlias) };
  }

  isSelf(address: string | null | undefined): boolean {
    return typeof address === "string" && this.#own.includes(withoutDevice(address));
  }

  /** The one address of a person: by number where it is known, from `other` or from what was told before. */
  async addressOf(address: string, other?: string | null): Promise<string> {
    const plain = withoutDevice(address);
    if (!isLid(plain)) return plain;
    if (this.isSelf(plain)) return this.#own[0] ?? plain;
    if (other && isPerson(withoutDevice(other))) return withoutDevice(other);
    const known = await this.#numberOf(plain);
    return known ? withoutDevice(known) : plain;
  }

  /** A person as a message names one. */
  async peer(address: string, other?: string | null, name?: string | null): Promise<Peer> {
    const known = await this.addressOf(address, other);
    const addresses = [known, withoutDevice(address), ...(other ? [withoutDevice(other)] : [])];
    const aliases = [...new Set(addresses)].map(provenAlias);
    if (name) this.#remember(peerId(known), name);
    return { id: accountId(peerId(known)), aliases, ...(name && { name: chosenName(name) }) };
  }

  /** What somebody who has written called themselves last. */
  nameOf(id: string): string | undefined {
    return this.#names.get(id);
  }

  #remember(id: string, name: string): void {
    this.#names.delete(id);
    this.#names.set(id, name);
    const [oldest] = this.#names.keys();
    if (this.#names.size > MAX_NAMES && oldest !== undefined) this.#names.delete(oldest);
  }

  /** A chat as a message names it. */
  async chat(address: string, other?: string | null): Promise<Chat> {
    if (isStatus(address)) return { id: address, kind: "channel" };
    if (isGroup(address)) {
      const title = this.titleOf(address);
      return { id: address, kind: "group", ...(title !== undefined && { title: chosenName(title) }) };
    }
    const id = await this.addressOf(address, other);
    return { id, kind: "direct", ...(this.isSelf(id) && { isSelf: true }) };
  }

  /** What a group is called, where that was told. */
  titleOf(group: string): string | undefined {
    return this.#state.get(TITLE_PREFIX + group);
  }

  /** The change that remembers a group's title. */
  titleChange(group: string, title: string): StateChanges {
    return this.#state.get(TITLE_PREFIX + group) === title ? {} : { [TITLE_PREFIX + group]: title };
  }
}
