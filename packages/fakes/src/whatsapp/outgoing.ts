/** What the account sends: acknowledged, opened by everyone it is for, and kept as a reader has it. */
import { type BinaryNode, jidNormalizedUser } from "@whiskeysockets/baileys";
import type { Delivered, GivenReaction } from "../platform.ts";
import type { SendTrouble } from "../send-troubles.ts";
import type { Account } from "./account.ts";
import { type Content, contentOf, withoutMarks } from "./content.ts";
import type { Device } from "./device.ts";
import type { Directory } from "./directory.ts";
import type { MediaHost } from "./media-host.ts";
import { child, children, element, seconds } from "./node.ts";

/** How the next send is treated. */
export type WhatsAppTrouble = SendTrouble<"refuse" | "slow" | "accept-then-fail">;

/** The server's code for a stanza that it does not accept. */
const REFUSED = "479";
const RETRIES = 4;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export class Outgoing {
  readonly delivered: Mutable<Delivered>[] = [];
  /** Messages that came again with an id that was there: readers do not see them twice. */
  repeats = 0;
  readonly #reactions = new Map<string, string>();
  readonly #retries = new Map<string, number>();
  readonly #account: Account;
  readonly #directory: Directory;
  readonly #mediaHost: MediaHost;

  constructor(account: Account, directory: Directory, mediaHost: MediaHost) {
    this.#account = account;
    this.#directory = directory;
    this.#mediaHost = mediaHost;
  }

  get reactions(): GivenReaction[] {
    return [...this.#reactions].map(([messageId, emoji]) => ({ messageId, emoji }));
  }

  /** Takes a message of the account. */
  async take(node: BinaryNode, trouble: WhatsAppTrouble | undefined): Promise<void> {
    const { id = "", to = "" } = node.attrs;
    const { link } = this.#account;
    const ack = element("ack", { class: "message", id, from: to, t: seconds() });
    if (trouble?.kind === "refuse") return link?.send({ ...ack, attrs: { ...ack.attrs, error: REFUSED } });
    if (trouble === undefined) link?.send(ack);
    await this.#open(node, id, to);
    if (trouble?.kind === "slow") setTimeout(() => link?.send(ack), trouble.ms);
    if (trouble?.kind === "accept-then-fail") link?.terminate();
  }

  async #open(node: BinaryNode, id: string, to: string): Promise<void> {
    const group = this.#directory.groupAt(to);
    const failed: Device[] = [];
    const contents: Content[] = [];
    const read = async (reader: Device, open: () => ReturnType<Device["decrypt"]>) => {
      try {
        const message = await open();
        const isShown = reader !== this.#account.phone && !message.deviceSentMessage;
        if (isShown) contents.push(contentOf(message, this.#mediaHost));
        // Only what the account writes to itself is shown on its phone.
        else if (message.deviceSentMessage?.message && this.#isSelf(to)) {
          contents.push(contentOf(message.deviceSentMessage.message, this.#mediaHost));
        }
      } catch {
        failed.push(reader);
      }
    };
    for (const part of children(child(node, "participants"), "to")) {
      const reader = this.#directory.at(jidNormalizedUser(part.attrs.jid));
      const sealed = child(part, "enc");
      if (reader && sealed) await read(reader, () => reader.decrypt(this.#account.address, sealed));
    }
    const sealed = child(node, "enc");
    if (sealed?.attrs.type === "skmsg" && group) {
      for (const reader of group.members) {
        if (reader === this.#account.phone) continue;
        await read(reader, () => reader.decryptInGroup(to, this.#account.address, sealed));
      }
    }
    const shown = contents.find(({ kind }) => kind !== "hidden");
    if (shown) this.#keep(shown, id, group ? to : this.#direct(to));
    for (const reader of new Set(failed)) this.#askAgain(reader, id, to, group !== undefined);
  }

  #isSelf(to: string): boolean {
    return this.#directory.at(jidNormalizedUser(to)) === this.#account.phone;
  }

  #direct(to: string): string {
    return this.#directory.at(jidNormalizedUser(to))?.person.jid ?? to;
  }

  #keep(content: Content, id: string, chatId: string): void {
    const target = "id" in content ? this.delivered.find((message) => message.id === content.id) : undefined;
    switch (content.kind) {
      case "edit":
        if (!target || target.isUnsent) return;
        target.raw = content.raw;
        target.text = withoutMarks(content.raw);
        target.edits++;
        return;
      case "unsend":
        if (target) target.isUnsent = true;
        return;
      case "reaction":
        if (content.emoji === "") this.#reactions.delete(content.id);
        else this.#reactions.set(content.id, content.emoji);
        return;
      case "message": {
        if (this.delivered.some((message) => message.id === id)) {
          this.repeats++;
          return;
        }
        const { raw, replyTo, files, poll } = content;
        const text = withoutMarks(raw);
        const state = { edits: 0, isUnsent: false, clientId: id, at: Date.now() };
        this.delivered.push({ id, chatId, text, raw, replyTo, files, poll, ...state });
      }
    }
  }

  /** A phone that cannot open a message asks for it again. */
  #askAgain(reader: Device, id: string, to: string, isGroup: boolean): void {
    const key = `${id} ${reader.person.lid}`;
    const count = (this.#retries.get(key) ?? 0) + 1;
    this.#retries.set(key, count);
    if (count > RETRIES) return;
    const registration = Buffer.alloc(4);
    registration.writeUInt32BE(reader.registrationId);
    const participant = isGroup ? { participant: reader.person.lid } : {};
    this.#account.deliver(
      element("receipt", { from: to, id, type: "retry", t: seconds(), ...participant }, [
        element("retry", { count: String(count), id, t: seconds(), v: "1" }),
        element("registration", {}, registration),
      ]),
    );
  }
}
