/**
 * A fake WhatsApp: the multi-device service on loopback with one account, good enough for an unmodified Baileys client to
 * pair with, log in to, and exchange end-to-end encrypted messages with. It outlives its clients: the linked device, all
 * sessions and what was not confirmed are kept, so a client that was killed finds everything at its next login.
 */
import { jidNormalizedUser, type proto } from "@whiskeysockets/baileys";
import {
  type Delivered,
  type FakePlatform,
  type GivenReaction,
  type Said,
  type SaysOptions,
  type Trouble,
  withMentions,
} from "../platform.ts";
import { SendTroubles } from "../send-troubles.ts";
import { Changes, until } from "../watch.ts";
import { Account } from "./account.ts";
import { type Context, fileMessage, takesCaption, textMessage } from "./content.ts";
import type { Device } from "./device.ts";
import { Directory } from "./directory.ts";
import { Groups } from "./groups.ts";
import { Incoming, type Letter } from "./incoming.ts";
import { patchLibrary } from "./library.ts";
import { sendMalformed } from "./malformed.ts";
import { MediaHost } from "./media-host.ts";
import { MessageActions } from "./message-actions.ts";
import { element } from "./node.ts";
import { Outgoing, type WhatsAppTrouble } from "./outgoing.ts";
import { LOGGED_OUT, REPLACED, Server } from "./server.ts";
import { type Authority, authority, TRUST_VARIABLE, trustIn } from "./trust.ts";

/** Starts a fake WhatsApp; this process trusts it from now on. The caller disposes it. */
export async function startFake(): Promise<FakeWhatsApp> {
  patchLibrary();
  const fake = new FakeWhatsApp(await authority());
  await fake.trouble({ kind: "up" });
  return fake;
}

export class FakeWhatsApp implements FakePlatform {
  readonly channel = "whatsapp";
  readonly preload = new URL(
    import.meta.url.endsWith(".ts") ? "./preload.ts" : "./whatsapp-preload.mjs",
    import.meta.url,
  ).href;
  readonly troubles = [
    "accept-then-fail",
    "refuse",
    "slow",
    "cut",
    "down",
    "up",
    "redeliver",
    "malformed",
    "revoke",
    "replace",
    "ban",
    "remove-from-group",
  ] as const satisfies readonly Trouble["kind"][];
  readonly read: string[] = [];
  readonly #changes = new Changes();
  readonly #directory = new Directory();
  readonly #account = new Account(this.#directory.phone);
  readonly #incoming = new Incoming(this.#account);
  readonly #groups = new Groups(this.#account, this.#directory);
  readonly #actions = new MessageActions(this.#account, this.#directory, this.#groups, this.#incoming);
  readonly #authority: Authority;
  readonly #mediaHost: MediaHost;
  readonly #outgoing: Outgoing;
  readonly #server: Server;
  readonly #typing = new Set<string>();
  readonly #troubles = new SendTroubles<WhatsAppTrouble>();
  #typingCount = 0;

  constructor(authority: Authority) {
    this.#authority = authority;
    this.#mediaHost = new MediaHost(authority.tls);
    this.#outgoing = new Outgoing(this.#account, this.#directory, this.#mediaHost);
    const mediaHost = this.#mediaHost;
    const answering = {
      account: this.#account,
      directory: this.#directory,
      get mediaHost() {
        return mediaHost.host;
      },
    };
    this.#server = new Server(authority, answering, {
      sent: async (node) => {
        this.#typing.delete(this.#chatOf(node.attrs.to ?? ""));
        await this.#outgoing.take(node, this.#troubles.take());
        this.#changes.tell();
      },
      confirmed: (id) => this.#incoming.confirm(id),
      wantedAgain: (id) => this.#incoming.wantAgain(id),
      read: (ids) => {
        this.read.push(...ids);
        this.#changes.tell();
      },
      typing: (to, isTyping) => this.#showTyping(this.#chatOf(to), isTyping),
      linkChanged: () => {
        if (!this.#account.link) this.#typing.clear();
        this.#changes.tell();
      },
    });
  }

  get settings(): Readonly<Record<string, unknown>> {
    return { waWebSocketUrl: this.#server.url };
  }

  get env(): Readonly<Record<string, string>> {
    return { [TRUST_VARIABLE]: JSON.stringify(trustIn(this.#authority)) };
  }

  /** The account's own number, as a login asks for it. */
  get number(): string {
    return `+${this.#account.phone.person.number}`;
  }

  get isLinked(): boolean {
    return this.#account.isActive;
  }

  async linked(): Promise<void> {
    await until(this, "a linked device", () => this.isLinked);
  }

  async scan(shown: string): Promise<void> {
    if (/^\w{4}-?\w{4}$/.test(shown)) {
      // The new device shows its code before the service knows of it.
      const pairing = await until(this, "a device that shows a code", () => this.#server.codePairing);
      return await pairing.type(shown.replace("-", "").toUpperCase());
    }
    const pairing = this.#server.qrPairing(shown);
    if (!pairing) throw new Error("what was scanned is out of date");
    await pairing.scan(shown);
  }

  async says(said: string, options: SaysOptions = {}): Promise<Said> {
    const from = this.#directory.person(options.from ?? "alice");
    const { group, chatId } = this.#groups.place(from, options.in);
    const mentioned = (options.mentions ?? []).map((name) => this.#directory.person(name).person.lid);
    const own = options.mentionsBot ? [this.#account.phone.person.lid] : [];
    const { text: others } = withMentions(said, options.mentions, (name) => digitsOf(this.#directory.person(name)));
    // As phones write it: the digits of an address are in the text, and the apps show a name there.
    const text = options.mentionsBot ? `${digitsOf(this.#account.phone)} ${others}` : others;
    const context: Context = {
      mentions: [...own, ...mentioned],
      quote: options.replyTo === undefined ? undefined : this.#quote(options.replyTo),
      isForwarded: options.forwardedFrom !== undefined,
    };
    const { files = [] } = options;
    const isCaption = files[0] !== undefined && takesCaption(files[0]);
    const texts = files.length === 0 || (text !== "" && !isCaption) ? [textMessage(text, context)] : [];
    const sent = files.map((file, index) =>
      fileMessage(file, isCaption && index === 0 ? text : "", context, this.#mediaHost),
    );
    const letters = [...texts, ...sent].map((message) => {
      return { id: Incoming.newId(), from, group, message, at: options.at } satisfies Letter;
    });
    for (const letter of letters) await this.#incoming.send(letter);
    return { id: letters[0]?.id ?? "", chatId, senderId: `+${from.person.number}` };
  }

  /** Somebody's phone sends a message of any content. */
  async sends(message: proto.IMessage, options: Pick<SaysOptions, "from" | "in"> = {}): Promise<Said> {
    const from = this.#directory.person(options.from ?? "alice");
    const { group, chatId } = this.#groups.place(from, options.in);
    const id = Incoming.newId();
    await this.#incoming.send({ id, from, group, message });
    return { id, chatId, senderId: `+${from.person.number}` };
  }

  /** Somebody sends what only a phone may open; `kind` is WhatsApp's word for why, as "view_once". */
  withholds(kind: string, options: Pick<SaysOptions, "from"> = {}): Said {
    const from = this.#directory.person(options.from ?? "alice");
    const id = Incoming.newId();
    this.#incoming.withhold(id, from, kind);
    return { id, chatId: from.person.jid, senderId: `+${from.person.number}` };
  }

  /** The account's owner writes on the phone: to a person, or, when nobody is named, to the own number. */
  async ownerSays(text: string, to?: string): Promise<Said> {
    const from = this.#account.phone;
    const chatId = (to === undefined ? from : this.#directory.person(to)).person.jid;
    const id = Incoming.newId();
    await this.#incoming.send({ id, from, ownChat: chatId, message: textMessage(text) });
    return { id, chatId, senderId: this.number };
  }

  idOf(who: string | { readonly group: string }): string {
    const alice = this.#directory.person("alice");
    return typeof who === "string"
      ? `+${this.#directory.person(who).person.number}`
      : this.#directory.group(who.group, alice).group.id;
  }

  edits(said: Said, text: string, options: Pick<SaysOptions, "from"> = {}): Promise<void> {
    return this.#actions.edits(said, text, options);
  }

  unsends(said: Said, options: Pick<SaysOptions, "from"> = {}): Promise<void> {
    return this.#actions.unsends(said, options);
  }

  reacts(messageId: string, emoji: string, options: Pick<SaysOptions, "from" | "in"> = {}): Promise<void> {
    return this.#actions.reacts(messageId, emoji, options);
  }

  get delivered(): readonly Delivered[] {
    return this.#outgoing.delivered;
  }

  /** How many messages came again with an id that was there; readers have not seen them twice. */
  get repeats(): number {
    return this.#outgoing.repeats;
  }

  get reactions(): readonly GivenReaction[] {
    return this.#outgoing.reactions;
  }

  get typingIn(): readonly string[] {
    return [...this.#typing];
  }

  get typingCount(): number {
    return this.#typingCount;
  }

  onChange(listener: () => void): Disposable {
    return this.#changes.on(listener);
  }

  async trouble(trouble: Trouble): Promise<void> {
    switch (trouble.kind) {
      case "refuse":
      case "slow":
      case "accept-then-fail":
        return this.#troubles.order(trouble);
      case "up":
        this.#account.isBanned = false;
        await Promise.all([this.#server.up(), this.#mediaHost.up()]);
        return;
      case "down":
        await Promise.all([this.#server.down(), this.#mediaHost.down()]);
        return;
      case "cut":
        return this.#server.cut();
      case "redeliver":
        return this.#incoming.redeliver();
      case "malformed":
        return await sendMalformed(this.#account, this.#directory, this.#incoming);
      case "revoke":
        this.#server.endLink(LOGGED_OUT);
        return this.#account.unlink();
      case "replace":
        return this.#server.endLink(REPLACED);
      case "ban":
        this.#account.isBanned = true;
        return this.#server.endLink(element("failure", { reason: "403", location: "lla" }));
      case "remove-from-group":
        return this.#groups.remove(trouble.group);
      default:
        throw new Error(`WhatsApp has no trouble of the kind ${trouble.kind}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.trouble({ kind: "down" });
  }

  #quote(id: string): Context["quote"] {
    const letter = this.#incoming.letter(id);
    if (letter) return { id, author: letter.from.person.lid, message: letter.message };
    const own = this.delivered.find((message) => message.id === id);
    return { id, author: this.#account.phone.person.lid, message: { conversation: own?.raw ?? "" } };
  }

  #chatOf(address: string): string {
    return this.#directory.at(jidNormalizedUser(address))?.person.jid ?? address;
  }

  #showTyping(chatId: string, isTyping: boolean): void {
    if (isTyping) {
      this.#typing.add(chatId);
      this.#typingCount++;
    } else this.#typing.delete(chatId);
    this.#changes.tell();
  }
}

/** A mention as phones write it into a text. */
function digitsOf({ person }: Device): string {
  return `@${person.lid.split("@")[0]}`;
}
