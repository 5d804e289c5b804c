// The services of the pages, opened from the list of views: each is told of connections, and its state is kept by id.

import type { GatewayClient } from "@moltbot/protocol";
import type { PageHost, PageService, View } from "../view.ts";

/** The pages of one shell. */
export class Pages {
  readonly #services: ReadonlyMap<string, PageService>;
  readonly #host: PageHost;

  constructor(views: readonly View[], host: PageHost) {
    this.#host = host;
    this.#services = new Map(views.flatMap(({ id, open }) => (open === undefined ? [] : [[id, open(host)] as const])));
  }

  /** The state of each page's service by the page's id. */
  get states(): Readonly<Record<string, unknown>> {
    return Object.fromEntries([...this.#services].map(([id, { state }]) => [id, state]));
  }

  /** What a page's element is given. */
  partsOf(id: string): { host: PageHost; service: PageService | undefined } {
    return { host: this.#host, service: this.#services.get(id) };
  }

  listen(client: GatewayClient): void {
    for (const service of this.#services.values()) service.listen?.(client);
  }

  refresh(): void {
    for (const service of this.#services.values()) void service.refresh?.();
  }

  /** What is kept for a visit without the gateway: the states that a page can show again, without its secrets. */
  get kept(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      [...this.#services].flatMap(([id, { kept }]) => (kept === undefined ? [] : [[id, kept]])),
    );
  }

  /** What an earlier visit has kept of the states, where the gateway cannot be asked. */
  restore(states: Readonly<Record<string, unknown>>): void {
    for (const [id, state] of Object.entries(states)) if (state !== undefined) this.#services.get(id)?.restore?.(state);
  }

  /** What people call a channel; the id with a capital letter until a page knows better. */
  channelName(id: string): string {
    for (const service of this.#services.values()) {
      const name = service.channelName?.(id);
      if (name !== undefined) return name;
    }
    if (id === "webchat") return "WebChat";
    return id.charAt(0).toUpperCase() + id.slice(1);
  }
}
