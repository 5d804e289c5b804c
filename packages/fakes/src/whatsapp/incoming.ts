/** What other people send to the account: encrypted for its device, sent again when the device asks. */
import { randomBytes } from "node:crypto";
import type { BinaryNode, proto } from "@whiskeysockets/baileys";
import type { Account } from "./account.ts";
import type { Device } from "./device.ts";
import type { Group } from "./directory.ts";
import { element, seconds } from "./node.ts";

/** One message on its way to the account. */
export interface Letter {
  readonly id: string;
  readonly from: Device;
  /** The group it is in; without one it is a direct message. */
  readonly group?: Group | undefined;
  /** The chat that the owner wrote it in, when it comes from the owner's phone. */
  readonly ownChat?: string | undefined;
  readonly message: proto.IMessage;
  readonly at?: number | undefined;
  /** An edit or a deletion, as the stanza says it. */
  readonly edit?: "1" | "7";
}

export class Incoming {
  readonly #account: Account;
  readonly #letters = new Map<string, Letter>();
  readonly #wantedAgain = new Set<string>();
  /** In which of its author's sessions a letter was sealed. */
  readonly #sealedIn = new Map<string, number>();
  /** One after the other: a device encrypts in the order of its ratchet. */
  #work: Promise<unknown> = Promise.resolve();
  #last: BinaryNode | undefined;

  constructor(account: Account) {
    this.#account = account;
  }

  /** A message id, as phones make them. */
  static newId(): string {
    return `3A${randomBytes(9).toString("hex").toUpperCase()}`;
  }

  /** What was said, by its id. */
  letter(id: string): Letter | undefined {
    return this.#letters.get(id);
  }

  /** Sends a message to the account. Resolves when the service has it. */
  async send(letter: Letter): Promise<void> {
    this.#letters.set(letter.id, letter);
    await this.#deliver(letter);
  }

  /** The device could not open it, and says so before it acknowledges it. */
  wantAgain(id: string): void {
    if (this.#letters.has(id)) this.#wantedAgain.add(id);
  }

  /** The device has dealt with it. */
  async confirm(id: string): Promise<void> {
    this.#account.confirm(id);
    const letter = this.#letters.get(id);
    if (!letter || !this.#wantedAgain.has(id)) return;
    await this.#deliver(letter);
  }

  /** Delivers the last stanza once more, byte for byte. */
  redeliver(): void {
    if (this.#last) this.#account.deliver(this.#last);
  }

  /** A message that was damaged on its way: the device asks for it again, and then gets it whole. */
  async sendDamaged(from: Device): Promise<void> {
    const letter: Letter = { id: Incoming.newId(), from, message: { conversation: "damaged" } };
    this.#letters.set(letter.id, letter);
    const node = await this.#seal(letter);
    this.#sealedIn.set(letter.id, from.sessions);
    const [sealed] = Array.isArray(node.content) ? node.content : [];
    if (sealed?.content instanceof Uint8Array) sealed.content = randomBytes(sealed.content.length);
    this.#account.deliver(node);
  }

  /** A message that the service hands to the phone only: linked devices get a stanza that says why, as "view_once". */
  withhold(id: string, { person }: Device, kind: string): void {
    const attrs = { id, t: seconds(), type: "media", notify: person.name, from: person.jid, sender_lid: person.lid };
    this.#account.deliver(element("message", attrs, [element("unavailable", { type: kind })]));
  }

  #deliver(letter: Letter): Promise<void> {
    const { id, from } = letter;
    const delivered = this.#work.then(async () => {
      // A session that the device does not have is given up, once for all that was sealed in it.
      if (this.#wantedAgain.delete(id) && this.#sealedIn.get(id) === from.sessions) {
        await from.forget(this.#account.address);
      }
      this.#last = await this.#seal(letter);
      this.#sealedIn.set(id, from.sessions);
      this.#account.deliver(this.#last);
    });
    this.#work = Promise.allSettled([delivered]);
    return delivered;
  }

  async #seal({ id, from, group, ownChat, message, at, edit }: Letter): Promise<BinaryNode> {
    const { address, device } = this.#account;
    if (!device) throw new Error("no device is linked; scan the QR code of a login first");
    const { person } = from;
    const type = message.reactionMessage ? "reaction" : isMedia(message) ? "media" : "text";
    const attrs = { id, t: seconds(at), type, notify: person.name, ...(edit && { edit }) };
    if (group) {
      const sealed = await from.encryptInGroup(group.id, address, device, message);
      const author = { participant: person.lid, participant_pn: person.jid, addressing_mode: "lid" };
      return element("message", { ...attrs, from: group.id, ...author }, sealed);
    }
    if (ownChat) {
      const copy = { deviceSentMessage: { destinationJid: ownChat, message } };
      const sealed = await from.encrypt(address, device, copy);
      return element("message", { ...attrs, from: person.jid, recipient: ownChat, sender_lid: person.lid }, [sealed]);
    }
    const sealed = await from.encrypt(address, device, message);
    return element("message", { ...attrs, from: person.jid, sender_lid: person.lid }, [sealed]);
  }
}

function isMedia(message: proto.IMessage): boolean {
  const { imageMessage, videoMessage, audioMessage, documentMessage, stickerMessage } = message;
  return Boolean(imageMessage ?? videoMessage ?? audioMessage ?? documentMessage ?? stickerMessage);
}
