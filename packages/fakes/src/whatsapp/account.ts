/** The account as the service keeps it: its linked device, the link that is open, and what it has not yet confirmed. */
import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Device } from "./device.ts";
import type { Link } from "./link.ts";
import { element } from "./node.ts";
import type { LinkedDevice } from "./pairing.ts";

export class Account {
  readonly phone: Device;
  /** Whether the service has blocked the number. */
  isBanned = false;
  device: LinkedDevice | undefined;
  link: Link | undefined;
  /** Whether the device has said that it wants everything at once. */
  isActive = false;
  readonly #unconfirmed = new Map<string, BinaryNode>();
  #devices = 0;

  constructor(phone: Device) {
    this.phone = phone;
  }

  /** The number of the next device that is linked. */
  nextDeviceId(): number {
    return ++this.#devices;
  }

  /** The linked device's address among LIDs: what Signal sessions are kept under. */
  get address(): string {
    if (!this.device) throw new Error("no device is linked; scan the QR code of a login first");
    return this.phone.person.lid.replace("@", `:${this.device.id}@`);
  }

  /** Keeps a stanza until the device has confirmed it, and sends it when the device is there. */
  deliver(node: BinaryNode): void {
    this.#unconfirmed.set(node.attrs.id ?? "", node);
    this.link?.send(node);
  }

  confirm(id: string): void {
    this.#unconfirmed.delete(id);
  }

  /** What the device has missed, in order, marked as such, and the mark that this was all. */
  deliverMissed(): void {
    const missed = [...this.#unconfirmed.values()];
    const count = String(missed.length);
    if (missed.length > 0) {
      const preview = { count, message: count, receipt: "0", notification: "0", appdata: "0" };
      this.link?.send(element("ib", {}, [element("offline_preview", preview)]));
    }
    for (const node of missed) this.link?.send({ ...node, attrs: { ...node.attrs, offline: "0" } });
    this.link?.send(element("ib", {}, [element("offline", { count })]));
  }

  /** Takes the linked device out. */
  unlink(): void {
    this.device = undefined;
    this.isActive = false;
    this.#unconfirmed.clear();
  }
}
