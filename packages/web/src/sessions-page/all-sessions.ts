// The sessions over the protocol client: reads them page by page, keeps them current from events, and changes several at once.

import type { GatewayClient, SessionsListResult, Subscription } from "@moltbot/protocol";
import type { PageHost } from "../view.ts";
import { type ListedRow, type Row, readRows } from "./rows.ts";

/** Rows that are asked for at once. */
const PAGE = 500;
/** Events are gathered so long, ms. */
const CALM_MS = 150;

/** All sessions of a gateway. The caller calls `close`. */
export class AllSessions {
  #listed = new Map<string, ListedRow>();
  #defaults: SessionsListResult["defaults"] | undefined;
  #rows: readonly Row[] = [];
  #subscriptions: Subscription[] = [];
  #calm: ReturnType<typeof setTimeout> | undefined;
  #isStale = false;
  readonly #host: PageHost;
  readonly #onChange: () => void;

  constructor(host: PageHost, onChange: () => void) {
    this.#host = host;
    this.#onChange = onChange;
  }

  /** Undefined until the gateway has answered. */
  get rows(): readonly Row[] | undefined {
    return this.#defaults === undefined ? undefined : this.#rows;
  }

  get defaultModel(): string | undefined {
    const { modelProvider, model } = this.#defaults ?? {};
    return model == null
      ? undefined
      : modelProvider == null || model.startsWith(`${modelProvider}/`)
        ? model
        : `${modelProvider}/${model}`;
  }

  /** Reads everything, and listens from now on. */
  async open(): Promise<void> {
    const client = this.#host.gateway();
    this.#subscriptions = [
      client.on("sessions.changed", ({ sessionKey, session, reason }) => {
        const known = this.#listed.get(sessionKey);
        if (reason === "delete") this.#listed.delete(sessionKey);
        else if (session === undefined || known === undefined) this.#isStale = true;
        else {
          const { derivedTitle, lastMessagePreview } = known;
          this.#listed.set(sessionKey, {
            ...(derivedTitle !== undefined && { derivedTitle }),
            ...(lastMessagePreview !== undefined && { lastMessagePreview }),
            ...session,
          });
        }
        this.#showSoon();
      }),
      client.onState(({ kind }) => kind === "connected" && void this.#begin(client)),
    ];
    await this.#begin(client);
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.off();
    clearTimeout(this.#calm);
  }

  async #begin(client: GatewayClient): Promise<void> {
    // The gateway answers in order, so nothing is missed between the two.
    await Promise.all([
      this.#host.offers("sessions.subscribe")
        ? this.#host.attempt(() => client.request("sessions.subscribe", {}))
        : undefined,
      this.load(),
    ]);
  }

  /** Reads everything; what is there is shown as it comes. */
  async load(): Promise<void> {
    const fresh = new Map<string, ListedRow>();
    for (const archived of [false, true]) {
      for (let offset = 0, isMore = true; isMore; offset += PAGE) {
        const params = { limit: PAGE, offset, archived, includeDerivedTitles: true, includeLastMessage: true };
        const answer = await this.#host.ask("sessions.list", params);
        if (answer === undefined) return;
        for (const row of answer.sessions) fresh.set(row.key, row as ListedRow);
        isMore = answer.sessions.length === PAGE;
        this.#defaults = answer.defaults;
        if (!archived && this.#listed.size < fresh.size) {
          this.#listed = new Map(fresh);
          this.#show();
        }
      }
    }
    this.#listed = fresh;
    this.#show();
  }

  #showSoon(): void {
    this.#calm ??= setTimeout(() => {
      this.#calm = undefined;
      if (!this.#isStale) return this.#show();
      this.#isStale = false;
      void this.load();
    }, CALM_MS);
  }

  #show(): void {
    if (this.#defaults !== undefined) this.#rows = readRows([...this.#listed.values()], this.#defaults);
    this.#onChange();
  }

  /** Puts several away, or brings them back. */
  async archive(keys: readonly string[], archived: boolean): Promise<void> {
    await this.#forEach(keys, (gateway, key) => gateway.request("sessions.patch", { key, archived }));
  }

  /** Begins several anew. */
  async reset(keys: readonly string[]): Promise<void> {
    await this.#forEach(keys, (gateway, key) => gateway.request("sessions.reset", { key }));
  }

  /** Chooses the model of one; an empty one is the default again. */
  async choose(key: string, model: string): Promise<void> {
    await this.#forEach([key], (gateway, each) =>
      gateway.request("sessions.patch", { key: each, model: model === "" ? null : model }),
    );
  }

  async #forEach(
    keys: readonly string[],
    act: (gateway: GatewayClient, key: string) => Promise<unknown>,
  ): Promise<void> {
    for (const key of keys) if ((await this.#host.attempt(() => act(this.#host.gateway(), key))) === undefined) break;
    this.#isStale = true;
    this.#showSoon();
  }
}
