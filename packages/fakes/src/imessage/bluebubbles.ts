/** A fake BlueBubbles server: its REST interface on loopback, and calls to the webhooks that were registered. */
import { Loopback } from "../loopback.ts";
import type { Delivered, FakePlatform, GivenReaction, Said, SaysOptions, Trouble } from "../platform.ts";
import { until } from "../watch.ts";
import { BlueBubblesServer } from "./bluebubbles-server.ts";
import { chatIdOf, Mac, type MacMessage, type MacSaysOptions, saidOf } from "./mac.ts";
import { onWire } from "./on-wire.ts";

/** Starts a fake BlueBubbles server. The caller disposes it. */
export async function fakeBlueBubbles(): Promise<FakeBlueBubbles> {
  const fake = new FakeBlueBubbles();
  await fake.trouble({ kind: "up" });
  return fake;
}

/** A gateway that has no webhook is linked when it has asked for messages within this time. */
const ASKED_MS = 5_000;

export class FakeBlueBubbles implements FakePlatform {
  readonly channel = "imessage";
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
  ] as const satisfies readonly Trouble["kind"][];
  readonly #mac = new Mac();
  readonly #server = new BlueBubblesServer(this.#mac);
  readonly #loopback = new Loopback((request, response) => void this.#server.handle(request, response));
  #isUp = false;
  #lastSaid: MacMessage | undefined;

  /** The gateway asks for messages; to be called as well it needs `webhookUrl`, the address of its own port. */
  get settings(): Readonly<Record<string, unknown>> {
    const { url: serverUrl } = this.#loopback;
    const { password } = this.#server;
    return { backend: "bluebubbles", serverUrl, password, pollSeconds: 0.2 };
  }

  get isLinked(): boolean {
    return this.#isUp && (this.#server.hooks.length > 0 || Date.now() - this.#server.askedAt < ASKED_MS);
  }

  async linked(): Promise<void> {
    await until(this, "a gateway that listens or asks", () => this.isLinked);
  }

  /** The calls so far, as "POST /message/text". */
  get calls(): readonly string[] {
    return this.#server.calls;
  }

  /** The addresses that are called. */
  get webhooks(): readonly string[] {
    return this.#server.hooks.map(({ url }) => url);
  }

  /** Whether the helper is there that makes tapbacks, replies, edits, typing and read receipts possible. */
  set hasHelper(hasHelper: boolean) {
    this.#server.hasHelper = hasHelper;
  }

  idOf(who: string | { readonly group: string }): string {
    return typeof who === "string" ? this.#mac.handle(who) : this.#mac.group(who.group).guid;
  }

  async says(text: string, options: MacSaysOptions = {}): Promise<Said> {
    this.#lastSaid = this.#mac.says(text, options);
    await this.#server.tell("new-message", onWire(this.#lastSaid));
    return saidOf(this.#lastSaid);
  }

  /** The server tells of a message once more, as it then is. */
  async tellsAgain({ id }: Said, fields: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const message = this.#message(id);
    message.fields = fields;
    await this.#server.tell("updated-message", onWire(message));
  }

  /** Somebody says something that no webhook tells of. */
  saysUnheard(text: string, options: SaysOptions = {}): Said {
    return saidOf(this.#mac.says(text, options));
  }

  async edits({ id }: Said, text: string): Promise<void> {
    this.#server.change(this.#message(id), text);
  }

  async unsends({ id }: Said): Promise<void> {
    this.#server.change(this.#message(id), undefined);
  }

  async reacts(messageId: string, emoji: string, options: Pick<SaysOptions, "from" | "in"> = {}): Promise<void> {
    const tapback = this.#mac.tapback(messageId, emoji, this.#mac.handle(options.from ?? "alice"));
    await this.#server.tell("new-message", onWire(tapback));
  }

  get delivered(): readonly Delivered[] {
    return this.#mac.delivered;
  }

  get reactions(): readonly GivenReaction[] {
    return this.#mac.reactions;
  }

  get typingIn(): readonly string[] {
    return [...this.#mac.typingIn].map((guid) => {
      const chat = this.#mac.chatByGuid(guid);
      return chat ? chatIdOf(chat) : guid;
    });
  }

  get typingCount(): number {
    return this.#mac.typingCount;
  }

  get read(): readonly string[] {
    return this.#mac.read;
  }

  onChange(listener: () => void): Disposable {
    return this.#mac.changes.on(listener);
  }

  /** The account is removed from the group that has this name. Nothing tells of it but the sends that fail. */
  expels(group: string): void {
    this.#mac.left.add(group);
  }

  async trouble(trouble: Trouble): Promise<void> {
    switch (trouble.kind) {
      case "accept-then-fail":
      case "refuse":
      case "slow":
        return this.#server.troubles.order(trouble);
      case "cut":
        this.#loopback.server.closeAllConnections();
        return;
      case "down":
        this.#isUp = false;
        return await this.#loopback.down();
      case "up":
        this.#isUp = true;
        return await this.#loopback.up();
      case "redeliver":
        if (this.#lastSaid) await this.#server.tell("new-message", onWire(this.#lastSaid));
        return;
      case "malformed":
        await this.#server.tell("", "this is not JSON");
        await this.#server.tell("", '{"type":"weather","data":{"is":"fine"}}');
        return await this.#server.tell("", '{"type":"new-message","data":{"guid":5}}');
      case "revoke":
        this.#server.password = "another-password";
        return;
      default:
        throw new Error(`the fake of BlueBubbles makes no trouble of kind ${trouble.kind}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loopback[Symbol.asyncDispose]();
  }

  #message(guid: string): MacMessage {
    const found = this.#mac.message(guid);
    if (!found) throw new Error(`nobody has said ${guid}`);
    return found;
  }
}
