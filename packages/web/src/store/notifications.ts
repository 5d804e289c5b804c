// Calls the person: by the open page, and by the gateway while the page is closed, where the browser has a push service.

import { ignore } from "../ignore.ts";
import { type Call, call, isInView, switchCalls, takeBack } from "../visit/notify.ts";
import { addressOfSession } from "./address.ts";
import type { Connection } from "./connection.ts";
import type { PageState } from "./page-state.ts";

/** Signing out waits so long for the browser's push service, in milliseconds. */
const LEAVE_MS = 2_000;

/** The notifications of one page. */
export class Notifications {
  readonly #page: PageState;
  readonly #connection: Connection;

  constructor(page: PageState, connection: Connection) {
    this.#page = page;
    this.#connection = connection;
  }

  /** Calls somebody who looks elsewhere; without notifications nothing happens. */
  call({ sessionKey, ...rest }: Omit<Call, "hash"> & { sessionKey: string }): void {
    const hash = addressOfSession(this.#connection.canonical(sessionKey));
    call({ ...rest, hash }).catch((error: unknown) => ignore(error, "the browser shows no notifications"));
  }

  /** Takes a notification back: nobody has to act any more. */
  takeBack(tag: string): void {
    takeBack(tag).catch((error: unknown) => ignore(error, "the browser shows no notifications"));
  }

  /** Switches them on or off. */
  async switchTo(isWanted: boolean): Promise<void> {
    this.#page.set({ calls: await switchCalls(isWanted) });
    await this.follow(isWanted);
  }

  /** Tells the gateway whether to call this browser. */
  async follow(isWanted = true): Promise<void> {
    const connection = this.#connection;
    if (!connection.offers("push.web.subscribe") || isWanted !== (this.#page.now.calls === "on")) return;
    try {
      const { subscribePush, unsubscribePush } = await import("../visit/push.ts");
      await (isWanted ? subscribePush : unsubscribePush)(connection.gateway);
    } catch (error) {
      ignore(error, "the open page calls by itself; many browsers without their vendor's service cannot do more");
    }
  }

  /** The gateway calls no device that somebody looks at. */
  tellView(): void {
    const connection = this.#connection;
    if (!connection.offers("push.web.looking") || !connection.isConnected) return;
    void connection.ask("push.web.looking", { isLooking: isInView() });
  }

  /** Ends them before the browser forgets who it is. */
  async leave(): Promise<void> {
    if (this.#page.now.calls !== "on") return;
    try {
      const { leavePush } = await import("../visit/push.ts");
      await Promise.race([leavePush(), new Promise((resolve) => setTimeout(resolve, LEAVE_MS))]);
    } catch (error) {
      ignore(error, "the gateway drops a subscription that nobody takes any more");
    }
  }
}
