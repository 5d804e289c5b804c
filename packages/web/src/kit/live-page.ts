// What pages beside the conversations share: they read by themselves, and again when an event says that something changed.

import type { Subscription } from "@moltbot/protocol";
import type { PropertyDeclarations } from "lit";
import { PageElement } from "../chat/element.ts";
import { type Ask, askIfOffered, type PageHost } from "../view.ts";

/** Many events are one look, ms. */
const CALM_MS = 150;

/** A page's element: give it `events` and `load`. The shell sets `host`, and `rest` from the address. */
export abstract class LivePage extends PageElement {
  static override properties: PropertyDeclarations = {
    host: { attribute: false },
    rest: { attribute: false },
    done: { state: true },
  };
  declare host: PageHost;
  /** What follows the page's own name in the address: `#sessions/KEY` gives "KEY". */
  declare rest: string;
  /** The last thing that was done, for screen readers. */
  declare done: string;
  /** The events after which `load` is called again. */
  protected abstract readonly events: readonly string[];
  #subscriptions: Subscription[] = [];
  #calm: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.rest = "";
    this.done = "";
  }

  /** Reads what the page shows. */
  protected abstract load(): Promise<void>;

  override connectedCallback(): void {
    super.connectedCallback();
    const client = this.host.gateway();
    this.#subscriptions = [
      ...this.events.map((event) => client.on(event, () => this.loadSoon())),
      client.onState(({ kind }) => kind === "connected" && this.loadSoon()),
    ];
    void this.load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const subscription of this.#subscriptions) subscription.off();
    clearTimeout(this.#calm);
    this.#calm = undefined;
  }

  /** Reads again in a moment; many calls are one. */
  protected loadSoon(): void {
    this.#calm ??= setTimeout(() => {
      this.#calm = undefined;
      void this.load();
    }, CALM_MS);
  }

  /** Asks the gateway where it has the method; a refusal becomes a notice, and `undefined`. */
  protected get read(): Ask {
    return askIfOffered(this.host);
  }
}
