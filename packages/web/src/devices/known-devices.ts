// Who may connect, over the protocol client: devices, nodes, what waits for a person, and who is connected now.

import type { GatewayClient, Methods, NodePairRequest, NodeView, PresenceEntry } from "@moltbot/protocol";
import { type Ask, askIfOffered, type PageHost, type PageService } from "../view.ts";

/** What the gateway has told; a part is undefined until then, or where the connection may not see it. */
export interface DevicesState {
  readonly pairing: Methods["device.pair.list"]["result"] | undefined;
  readonly nodes: readonly NodeView[] | undefined;
  readonly nodeRequests: readonly NodePairRequest[];
  readonly presence: readonly PresenceEntry[];
}

/** After these, the badge or the list may say something else. */
const EVENTS = [
  "device.pair.requested",
  "device.pair.resolved",
  "device.removed",
  "node.pair.requested",
  "node.pair.resolved",
  "node.presence",
] as const;
/** Many events are one look, ms. */
const CALM_MS = 150;

/** The devices of one page. */
export class Devices implements PageService {
  #state: DevicesState = { pairing: undefined, nodes: undefined, nodeRequests: [], presence: [] };
  #calm: ReturnType<typeof setTimeout> | undefined;
  /** Whether somebody looks at the whole list. */
  #isOpen = false;
  readonly #host: PageHost;

  constructor(host: PageHost) {
    this.#host = host;
  }

  get state(): DevicesState {
    return this.#state;
  }

  listen(client: GatewayClient): void {
    for (const event of EVENTS) client.on(event, () => this.#loadSoon());
    client.on("presence", ({ presence }) => {
      if (!this.#isOpen) return;
      this.#set({ presence });
      this.#loadSoon();
    });
  }

  /** The page is shown: all that it shows is read, and followed until `close`. */
  async open(): Promise<void> {
    this.#isOpen = true;
    await this.refresh();
  }

  close(): void {
    this.#isOpen = false;
  }

  async refresh(): Promise<void> {
    const mayPair = this.#host.may("pairing");
    await Promise.all([
      ...(mayPair ? [this.#readPairing(), this.#readNodeRequests()] : []),
      ...(this.#isOpen ? [this.#readNodes(), this.#readPresence()] : []),
    ]);
  }

  #loadSoon(): void {
    this.#calm ??= setTimeout(() => {
      this.#calm = undefined;
      void this.refresh();
    }, CALM_MS);
  }

  async #readPairing(): Promise<void> {
    const pairing = await this.#ask("device.pair.list");
    if (pairing !== undefined) this.#set({ pairing });
  }

  async #readNodeRequests(): Promise<void> {
    const answer = await this.#ask("node.pair.list");
    if (answer !== undefined) this.#set({ nodeRequests: answer.pending });
  }

  async #readNodes(): Promise<void> {
    const answer = await this.#ask("node.list");
    if (answer !== undefined) this.#set({ nodes: answer.nodes });
  }

  async #readPresence(): Promise<void> {
    const presence = await this.#ask("system-presence");
    if (presence !== undefined) this.#set({ presence });
  }

  get #ask(): Ask {
    return askIfOffered(this.#host);
  }

  #set(change: Partial<DevicesState>): void {
    this.#state = { ...this.#state, ...change };
    this.#host.onChange();
  }
}
