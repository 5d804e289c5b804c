/** The WhatsApp server: links, logins, and who gets which stanza. */
import type { AddressInfo } from "node:net";
import type { BinaryNode, proto } from "@whiskeysockets/baileys";
import { WebSocketServer } from "ws";
import type { Account } from "./account.ts";
import { Link } from "./link.ts";
import { child, children, element, SERVICE, seconds } from "./node.ts";
import { type ServerIdentity, serverIdentity } from "./noise.ts";
import { Pairing } from "./pairing.ts";
import { type Answering, answer, QueryError } from "./queries.ts";
import type { Authority } from "./trust.ts";

/** What the server hands on. */
export interface ServerEvents {
  /** The account sends a message. */
  sent(node: BinaryNode): Promise<void>;
  /** The account's device has dealt with a stanza, or could not open it. */
  confirmed(id: string): Promise<void>;
  wantedAgain(id: string): void;
  read(ids: readonly string[]): void;
  typing(to: string, isTyping: boolean): void;
  /** A link was made or has gone, or the device became active. */
  linkChanged(): void;
}

export class Server {
  readonly #identity: ServerIdentity;
  readonly #answering: Answering;
  readonly #account: Account;
  readonly #events: ServerEvents;
  readonly #links = new Set<Link>();
  readonly #pairings = new Set<Pairing>();
  #listener: WebSocketServer | undefined;
  #port = 0;

  constructor(authority: Authority, answering: Answering, events: ServerEvents) {
    this.#identity = serverIdentity(authority.root);
    this.#answering = answering;
    this.#account = answering.account;
    this.#events = events;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/ws/chat`;
  }

  async up(): Promise<void> {
    if (this.#listener) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const listener = new WebSocketServer({ host: "127.0.0.1", port: this.#port });
    listener.once("listening", resolve).once("error", reject);
    await promise;
    this.#listener = listener;
    this.#port = (listener.address() as AddressInfo).port;
    listener.on("connection", (socket) => {
      const link = new Link(socket, this.#identity, {
        opened: (opened, payload) => this.#open(opened, payload),
        stanza: (from, node) => this.#take(from, node),
        closed: (closed) => this.#closed(closed),
      });
      this.#links.add(link);
    });
  }

  async down(): Promise<void> {
    const listener = this.#listener;
    if (!listener) return;
    this.#listener = undefined;
    const closed = new Promise((resolve) => listener.close(resolve));
    for (const link of this.#links) link.terminate();
    await closed;
  }

  /** Cuts every link in the middle of a frame. */
  cut(): void {
    for (const link of this.#links) link.cut();
  }

  /** Ends the account's link with a stream error. */
  endLink(error: BinaryNode): void {
    this.#account.link?.send(error);
    this.#account.link?.close();
  }

  /** The open pairing that shows the QR text. */
  qrPairing(text: string): Pairing | undefined {
    return [...this.#pairings].find((pairing) => pairing.shows(text));
  }

  /** The open pairing that shows a code. */
  get codePairing(): Pairing | undefined {
    return [...this.#pairings].find((pairing) => pairing.hasCode);
  }

  #open(link: Link, payload: proto.IClientPayload): void {
    const { devicePairingData, username, device: deviceId } = payload;
    const account = this.#account;
    if (devicePairingData) {
      const newDevice = { data: devicePairingData, phone: account.phone, deviceId: account.nextDeviceId() };
      const pairing = new Pairing(link, newDevice, (device) => {
        account.unlink();
        account.device = device;
      });
      this.#pairings.add(pairing);
      return;
    }
    const { device } = account;
    const isLinked = device?.id === deviceId && device?.noiseKey.equals(link.clientKey);
    if (account.isBanned) return refuse(link, "403");
    if (!isLinked || String(username) !== account.phone.person.number) return refuse(link, "401");
    if (account.link) this.endLink(REPLACED);
    account.link = link;
    account.isActive = false;
    const lid = account.address;
    link.send(element("success", { t: seconds(), lid, props: "27", abprops: "1", companion_enc_static: "" }));
    account.deliverMissed();
    this.#events.linkChanged();
  }

  async #take(link: Link, node: BinaryNode): Promise<void> {
    if (node.tag === "iq") return await this.#query(link, node);
    if (link !== this.#account.link) return;
    const { id = "", type = "", to = "" } = node.attrs;
    switch (node.tag) {
      case "message":
        return await this.#events.sent(node);
      case "ack":
        return await this.#events.confirmed(id);
      case "receipt": {
        if (type === "retry") this.#events.wantedAgain(id);
        else if (type.startsWith("read")) this.#events.read([id, ...listed(node)]);
        else await this.#events.confirmed(id);
        return link.send(element("ack", { class: "receipt", id, from: to, ...(type && { type }) }));
      }
      case "chatstate":
        return this.#events.typing(to, child(node, "composing") !== undefined);
    }
  }

  async #query(link: Link, node: BinaryNode): Promise<void> {
    const { id = "", to = SERVICE } = node.attrs;
    const pairing = [...this.#pairings].find((each) => each.link === link);
    const answered = (type: string, content?: BinaryNode[]) =>
      link.send(element("iq", { from: to, type, id }, content));
    if (pairing) {
      const content = pairing.take(node);
      if (node.attrs.type !== "result") answered("result", content);
      return this.#events.linkChanged();
    }
    if (node.attrs.type === "result") return;
    try {
      answered("result", await answer(node, this.#answering));
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      answered("error", [element("error", { code: String(error.code), text: error.message })]);
    }
    if (child(node, "remove-companion-device")) this.endLink(LOGGED_OUT);
    this.#events.linkChanged();
  }

  #closed(link: Link): void {
    this.#links.delete(link);
    for (const pairing of this.#pairings) {
      if (pairing.link !== link) continue;
      pairing.end();
      this.#pairings.delete(pairing);
    }
    if (this.#account.link !== link) return;
    this.#account.link = undefined;
    this.#account.isActive = false;
    this.#events.linkChanged();
  }
}

/** Another connection has taken the session. */
export const REPLACED = element("stream:error", {}, [element("conflict", { type: "replaced" })]);

/** The owner has taken the device out of the linked ones. */
export const LOGGED_OUT = element("stream:error", { code: "401" }, [element("conflict", { type: "device_removed" })]);

function refuse(link: Link, reason: string): void {
  link.send(element("failure", { reason, location: "lla" }));
  link.close();
}

/** The other ids of a receipt for several messages. */
function listed(node: BinaryNode): string[] {
  return children(child(node, "list"), "item").map(({ attrs }) => attrs.id ?? "");
}
