// The end of a visit: the page is loaded anew, because what was shown also stands in memory, where the next person at this
// browser would find it. Other windows of the gateway go along.

import { ignore } from "../ignore.ts";

const NAME = "moltbot.left";
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(NAME) : undefined;

/** Calls `listener` when another window has signed out. */
export function onLeft(listener: () => void): void {
  channel?.addEventListener("message", listener);
}

/** Tells other windows that this browser has signed out. */
export function tellLeft(): void {
  channel?.postMessage("");
}

/** Loads the page anew; it then shows the screen to sign in, with `problem` if there is one. */
export function leave(problem: string | undefined): void {
  try {
    sessionStorage.setItem(NAME, problem ?? "");
  } catch (error) {
    ignore(error, "without storage the page asks the gateway, which asks for a token");
  }
  location.reload();
}

/** Whether the page was loaded by `leave`, and why; says it once. */
export function takeLeft(): { readonly problem: string | undefined } | undefined {
  try {
    const problem = sessionStorage.getItem(NAME);
    sessionStorage.removeItem(NAME);
    return problem === null ? undefined : { problem: problem || undefined };
  } catch {
    return undefined;
  }
}
