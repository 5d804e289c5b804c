/** Another program that takes part in multicast DNS, on loopback alone: a library of its own, which shares no code with ours. */
import { once } from "node:events";
import mdns from "multicast-dns";
import { within } from "./time-limit.ts";

type Packet = mdns.ResponsePacket | mdns.QueryPacket;

/** A record as the library reads it. */
export interface Heard {
  readonly name: string;
  readonly type: string;
  readonly ttl?: number | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: what a record says depends on its type; tests compare it whole.
  readonly data?: any;
}

export class Neighbour implements AsyncDisposable {
  /** Every record of every answer so far, in order. */
  readonly heard: Heard[] = [];
  /** How many answers came. */
  answers = 0;
  /** What is done with each question that is heard. */
  onQuery: ((packet: mdns.QueryPacket) => void) | undefined;
  readonly socket = mdns({ interface: "127.0.0.1", bind: "0.0.0.0", loopback: true, reuseAddr: true } as mdns.Options);
  #wake = Promise.withResolvers<void>();

  constructor() {
    this.socket.on("error", () => undefined);
    this.socket.on("warning", () => undefined);
    this.socket.on("query", (packet) => this.onQuery?.(packet));
    this.socket.on("response", (packet) => this.#hear(packet));
  }

  async ready(): Promise<this> {
    await within(once(this.socket, "ready"), "multicast on loopback");
    return this;
  }

  /** Asks until a record comes that `fits`; what came before counts too. */
  async ask(name: string, type: "PTR" | "SRV" | "TXT" | "A", fits: (record: Heard) => boolean): Promise<Heard> {
    const asking = setInterval(() => this.socket.query(name, type), 400);
    try {
      this.socket.query(name, type);
      return await this.hear(fits, `an answer to ${name}`);
    } finally {
      clearInterval(asking);
    }
  }

  /** The first record that `fits`. */
  async hear(fits: (record: Heard) => boolean, what: string): Promise<Heard> {
    for (;;) {
      const found = this.heard.find(fits);
      if (found) return found;
      await within(this.#wake.promise, what);
    }
  }

  #hear({ answers = [], additionals = [] }: Packet): void {
    this.answers++;
    for (const each of [...answers, ...additionals]) {
      const data = each.type === "TXT" && Array.isArray(each.data) ? each.data.map(String) : (each as Heard).data;
      this.heard.push({ name: each.name, type: each.type, ttl: (each as Heard).ttl, data });
    }
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.socket.destroy(() => resolve()));
  }
}
