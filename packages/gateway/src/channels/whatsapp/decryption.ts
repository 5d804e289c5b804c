/**
 * Where a message becomes readable is where it is taken in: what it says is committed in one transaction with the keys
 * that opened it, before the library sees the text and long before the sender is told that it arrived. A kill at any point
 * therefore finds the message either unopened, then the service delivers it again, or kept. Nothing has to be replayed.
 */
import type { BinaryNode, proto, SocketConfig, WAMessage } from "@whiskeysockets/baileys";
import { ignore } from "../../base/errors.ts";
import type { Inbound } from "../../kit/channel.ts";
import { INBOUND } from "./credentials.ts";
import type { Baileys } from "./library.ts";

type MakeRepository = SocketConfig["makeSignalRepository"];
type Auth = Parameters<MakeRepository>[0];
type Repository = ReturnType<MakeRepository>;

/** What the stanza and its text amount to; undefined for what people do not see. Must not throw. */
export type ReadOpened = (message: WAMessage) => Promise<Inbound | undefined>;

export class Decryption {
  readonly #library: Baileys;
  readonly #own: { readonly id: string; readonly lid: string };
  readonly #read: ReadOpened;
  /** Which stanza a ciphertext came in; the library hands the very same buffer on. */
  readonly #stanzas = new WeakMap<Uint8Array, BinaryNode>();
  #introduced = "";

  constructor(library: Baileys, own: { readonly id: string; readonly lid: string }, read: ReadOpened) {
    this.#library = library;
    this.#own = own;
    this.#read = read;
  }

  /** Remembers a stanza; called before the library reads it. */
  expect(stanza: BinaryNode): void {
    if (!Array.isArray(stanza.content)) return;
    for (const { tag, content } of stanza.content) {
      if (tag === "enc" && content instanceof Uint8Array) this.#stanzas.set(content, stanza);
    }
  }

  /** Makes the library's repository of Signal sessions, with its decryption replaced by ours around it. */
  readonly makeRepository: MakeRepository = (auth, log, toLid) => {
    const repository = this.#library.DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, log, toLid);
    const { decryptMessage, decryptGroupMessage, processSenderKeyDistributionMessage } = repository;
    return {
      ...repository,
      decryptMessage: (opened) =>
        this.#within(auth, repository, opened.jid, opened.ciphertext, () => decryptMessage(opened)),
      decryptGroupMessage: (opened) =>
        this.#within(auth, repository, opened.group, opened.msg, () => decryptGroupMessage(opened)),
      processSenderKeyDistributionMessage: async (introduction) => {
        // The library takes the key once more, after we did with the message: an older copy would push out newer ones.
        if (this.#introduced === nameOf(introduction.authorJid, introduction.item)) return;
        await processSenderKeyDistributionMessage(introduction);
      },
    };
  };

  /** Opens and takes in under the lock that the library itself takes; its own transaction joins this one. */
  async #within(
    { keys }: Auth,
    repository: Repository,
    lock: string,
    sealed: Uint8Array,
    open: () => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    if (!("transaction" in keys)) return await open();
    return await keys.transaction(async () => {
      const padded = await open();
      const stanza = this.#stanzas.get(sealed);
      if (!stanza) return padded;
      const message = this.#messageOf(stanza, padded);
      await this.#takeGroupKey(repository, stanza, message.message?.senderKeyDistributionMessage);
      const inbound = await this.#read(message);
      // Not a type of key that the library knows; it only carries it to the commit.
      if (inbound) await keys.set({ [INBOUND]: { [inbound.keys[0]]: inbound } } as object);
      return padded;
    }, lock);
  }

  /** The message as the library would make it. Its content is absent when it cannot be read. */
  #messageOf(stanza: BinaryNode, padded: Uint8Array): WAMessage {
    const { proto: wire, decodeMessageNode, cleanMessage, unpadRandomMax16 } = this.#library;
    const { id, lid } = this.#own;
    const message = decodeMessageNode(stanza, id, lid).fullMessage as WAMessage;
    try {
      const outer = wire.Message.decode(unpadRandomMax16(padded));
      message.message = outer.deviceSentMessage?.message ?? outer;
      cleanMessage(message, id, lid);
    } catch {
      delete message.message;
    }
    return message;
  }

  /** Takes a group's key in the same transaction: the message that brings it is never delivered again. */
  async #takeGroupKey(
    repository: Repository,
    stanza: BinaryNode,
    item: proto.Message.ISenderKeyDistributionMessage | null | undefined,
  ): Promise<void> {
    const authorJid = stanza.attrs.participant;
    if (!item?.groupId || !authorJid) return;
    this.#introduced = "";
    try {
      await repository.processSenderKeyDistributionMessage({ authorJid, item });
      this.#introduced = nameOf(authorJid, item);
    } catch (error) {
      ignore(error, "a damaged key: the library tries it again and says so; the message beside it is not lost");
    }
  }
}

function nameOf(author: string, item: proto.Message.ISenderKeyDistributionMessage): string {
  return `${author} ${item.groupId} ${Buffer.from(item.axolotlSenderKeyDistributionMessage ?? []).toString("base64")}`;
}
