/**
 * The library's Signal sessions, made safe against a kill at any point.
 *
 * Inwards: where a message becomes readable is where it is taken in. What it says is committed in one transaction with the
 * keys that opened it, before the library sees the text and long before the sender is told that it arrived. So it is found
 * either unopened, then the service delivers it again, or kept; nothing has to be replayed.
 *
 * Outwards: the keys that a message was sealed with are on disk before it leaves, so that none is ever used twice.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { BinaryNode, proto, SocketConfig, WAMessage } from "@whiskeysockets/baileys";
import { detailOf, ignore } from "../../base/errors.ts";
import { inboundIn, type Reading } from "../../kit/rules.ts";
import { INBOUND } from "./credentials.ts";
import type { Baileys } from "./library.ts";

type MakeRepository = SocketConfig["makeSignalRepository"];
type Auth = Parameters<MakeRepository>[0];
type Repository = ReturnType<MakeRepository>;

/** What the stanza and its text amount to. Must not throw. */
export type ReadOpened = (message: WAMessage) => Promise<Reading>;

export class Encryption {
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

  /** What a stanza says of a message that is not in it: WhatsApp's word for why, and where it comes from. */
  withheldIn(stanza: BinaryNode): { kind: string; message: WAMessage } | undefined {
    const parts = Array.isArray(stanza.content) ? stanza.content : [];
    const kind = parts.find(({ tag }) => tag === "unavailable")?.attrs.type;
    if (kind === undefined || parts.some(({ tag }) => tag === "enc")) return undefined;
    const { id, lid } = this.#own;
    return { kind, message: this.#library.decodeMessageNode(stanza, id, lid).fullMessage as WAMessage };
  }

  /** Makes the library's repository of sessions, with ours around what opens and what seals. */
  readonly makeRepository: MakeRepository = (auth, log, toLid) => {
    const repository = this.#library.DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, log, toLid);
    const { decryptMessage, decryptGroupMessage, processSenderKeyDistributionMessage } = repository;
    // The library sends within a transaction that it commits afterwards; outside of it, each step is committed at once.
    const outside = AsyncLocalStorage.snapshot();
    return {
      ...repository,
      injectE2ESession: (session) => outside(() => repository.injectE2ESession(session)),
      encryptMessage: (plain) => outside(() => repository.encryptMessage(plain)),
      encryptGroupMessage: (plain) => outside(() => repository.encryptGroupMessage(plain)),
      decryptMessage: (sealed) => this.#within(auth, repository, sealed.ciphertext, () => decryptMessage(sealed)),
      decryptGroupMessage: (sealed) =>
        this.#within(auth, repository, sealed.msg, () => this.#onlyOnce(decryptGroupMessage(sealed))),
      processSenderKeyDistributionMessage: async (introduction) => {
        // The library takes the key once more, after we did with the message: an older copy would push out newer ones.
        if (this.#introduced === nameOf(introduction.authorJid, introduction.item)) return;
        await processSenderKeyDistributionMessage(introduction);
      },
    };
  };

  /**
   * Opens and takes in, in one transaction, which the library's own one joins. The lock is the one that sends are under:
   * a send and a message from the same person that overlap would each keep a session without the other's step.
   */
  async #within(
    { keys }: Auth,
    repository: Repository,
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
      for (const inbound of inboundIn(await this.#read(message))) {
        // Not a type of key that the library knows; it only carries it to the commit.
        await keys.set({ [INBOUND]: { [inbound.keys[0]]: inbound } } as object);
      }
      return padded;
    }, this.#own.id);
  }

  /** A group's message that was opened before is no reason to ask for it again; the library knows that of direct ones. */
  async #onlyOnce(opened: Promise<Uint8Array>): Promise<Uint8Array> {
    try {
      return await opened;
    } catch (error) {
      if (!detailOf(error).includes("old counter")) throw error;
      throw new Error(this.#library.MISSING_KEYS_ERROR_TEXT, { cause: error });
    }
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
