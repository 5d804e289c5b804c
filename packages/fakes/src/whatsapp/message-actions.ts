/** Actions of people on messages: edits, deletions and reactions. */
import type { Said, SaysOptions } from "../platform.ts";
import type { Account } from "./account.ts";
import { textMessage } from "./content.ts";
import type { Directory } from "./directory.ts";
import type { Groups } from "./groups.ts";
import { Incoming, type Letter } from "./incoming.ts";

export class MessageActions {
  readonly #account: Account;
  readonly #directory: Directory;
  readonly #groups: Groups;
  readonly #incoming: Incoming;

  constructor(account: Account, directory: Directory, groups: Groups, incoming: Incoming) {
    this.#account = account;
    this.#directory = directory;
    this.#groups = groups;
    this.#incoming = incoming;
  }

  async edits(said: Said, text: string, options: Pick<SaysOptions, "from">): Promise<void> {
    const { from, group } = this.#claimed(said.id, options);
    const key = { remoteJid: said.chatId, fromMe: true, id: said.id };
    const protocolMessage = { key, type: 14, editedMessage: textMessage(text), timestampMs: Date.now() };
    await this.#incoming.send({ id: Incoming.newId(), from, group, message: { protocolMessage }, edit: "1" });
  }

  async unsends(said: Said, options: Pick<SaysOptions, "from">): Promise<void> {
    const { from, group } = this.#claimed(said.id, options);
    const protocolMessage = { key: { remoteJid: said.chatId, fromMe: true, id: said.id }, type: 0 };
    await this.#incoming.send({ id: Incoming.newId(), from, group, message: { protocolMessage }, edit: "7" });
  }

  async reacts(messageId: string, emoji: string, options: Pick<SaysOptions, "from" | "in">): Promise<void> {
    const from = this.#directory.person(options.from ?? "alice");
    const { group, chatId } = this.#groups.place(from, options.in);
    const author = this.#incoming.letter(messageId)?.from ?? this.#account.phone;
    const participant = group ? { participant: author.person.lid } : {};
    const key = { remoteJid: chatId, fromMe: author === from, id: messageId, ...participant };
    const reactionMessage = { key, text: emoji, senderTimestampMs: Date.now() };
    await this.#incoming.send({ id: Incoming.newId(), from, group, message: { reactionMessage } });
  }

  /** The server does not know a message's author, so it passes on every action that names a message of the same chat. */
  #claimed(id: string, { from }: Pick<SaysOptions, "from">): Pick<Letter, "from" | "group"> {
    const letter = this.#letter(id);
    return from === undefined ? letter : { ...letter, from: this.#directory.person(from) };
  }

  #letter(id: string): Letter {
    const letter = this.#incoming.letter(id);
    if (!letter) throw new Error(`nobody has said ${id}`);
    return letter;
  }
}
