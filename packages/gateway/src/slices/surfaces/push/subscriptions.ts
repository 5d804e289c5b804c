/** The rows of subscriptions: where the browser of a device is reached. */
import { replaceInto } from "../../../base/store/statement.ts";
import type { Store } from "../../../base/store/store.ts";

/** Where a browser is reached, and its keys in base64url. */
export interface Subscription {
  readonly endpoint: string;
  readonly deviceId: string;
  readonly p256dh: string;
  readonly auth: string;
}

/** How many a device may have; a browser replaces its own now and then, and the old ones go. */
const MAX_OF_DEVICE = 3;

const QUERY = "select endpoint, device_id as deviceId, p256dh, auth from push_subscriptions";

export class Subscriptions {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  all(): Subscription[] {
    return this.#store.all<Subscription & Record<string, unknown>>(QUERY);
  }

  of(deviceId: string): Subscription[] {
    return this.#store.all<Subscription & Record<string, unknown>>(`${QUERY} where device_id = ?`, deviceId);
  }

  /** Adds one, or gives a known endpoint to this device. The oldest of the device go when there are too many. */
  add({ endpoint, deviceId, p256dh, auth }: Subscription, now: number): void {
    this.#store.transaction(() => {
      this.#store.run(
        ...replaceInto("push_subscriptions", { endpoint, device_id: deviceId, p256dh, auth, created_at: now }),
      );
      this.#store.run(
        `delete from push_subscriptions where endpoint in (select endpoint from push_subscriptions
          where device_id = ? order by created_at desc, rowid desc limit -1 offset ?)`,
        ...[deviceId, MAX_OF_DEVICE],
      );
    });
  }

  /** Removes what the push service no longer knows. */
  remove(endpoint: string): void {
    this.#store.run("delete from push_subscriptions where endpoint = ?", endpoint);
  }

  /** Removes one of a device, or all; returns how many. */
  removeOf(deviceId: string, endpoint?: string): number {
    const count = this.of(deviceId).filter((each) => endpoint === undefined || each.endpoint === endpoint).length;
    if (endpoint === undefined) this.#store.run("delete from push_subscriptions where device_id = ?", deviceId);
    else this.#store.run("delete from push_subscriptions where device_id = ? and endpoint = ?", deviceId, endpoint);
    return count;
  }
}
