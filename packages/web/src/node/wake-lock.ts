// Keeps the screen on while the page is in view, where the browser can. Browsers end it when the page is hidden.

import { ignore } from "../ignore.ts";
import { recall, remember } from "../visit/storage.ts";

const NAME = "node.screen-on";

export class ScreenWakeLock {
  #lock: WakeLockSentinel | undefined;

  constructor() {
    document.addEventListener("visibilitychange", () => void this.#renew());
  }

  get isPossible(): boolean {
    return "wakeLock" in navigator;
  }

  get isWanted(): boolean {
    return recall(NAME) === "yes";
  }

  /** Switches it; call it in a tap. */
  async want(isWanted: boolean): Promise<void> {
    remember(NAME, isWanted ? "yes" : undefined);
    if (!isWanted) await this.#lock?.release();
    await this.#renew();
  }

  async #renew(): Promise<void> {
    if (!this.isPossible || !this.isWanted || document.visibilityState === "hidden") return;
    if (this.#lock !== undefined && !this.#lock.released) return;
    try {
      this.#lock = await navigator.wakeLock.request("screen");
    } catch (error) {
      ignore(error, "a low battery forbids it; the next time that the page comes into view tries again");
    }
  }
}
