// Why we are not connected, in one sentence that says what to do.

import { isAuthRefusal, ResponseError } from "@moltbot/protocol";
import { sentence } from "../conversation/runs.ts";
import { said, t } from "../words/t.ts";

/** For the sign-in screen. `undefined` when there is nothing to complain about: no credential was given yet. */
export function refusal(reason: Error | undefined): string | undefined {
  if (!(reason instanceof ResponseError)) return reason && sentence(reason.message);
  if (reason.reason?.endsWith("_MISSING")) return undefined;
  if (/device identity|secure context/.test(reason.message)) {
    return t(
      "This browser may sign in only over HTTPS, or on the gateway’s own machine at http://127.0.0.1. Open the page that way.",
    );
  }
  if (reason.message.startsWith("origin not allowed")) {
    return t(
      "The gateway does not know this page’s address. Open the link that `moltbot dashboard` prints, or add the address to `gateway.controlUi.allowedOrigins`.",
    );
  }
  if (isAuthRefusal(reason)) {
    return t(
      "The gateway does not accept this token or password. Run `moltbot dashboard` on its machine for a link that works.",
    );
  }
  return sentence(reason.message);
}

/** True when the gateway does not even look at our credentials for a while. */
export function isLockedOut(reason: Error): boolean {
  return reason instanceof ResponseError && reason.reason === "AUTH_RATE_LIMITED";
}

/** What `isLockedOut` means for a person. */
export const LOCKED_OUT = said("Too many wrong attempts came from here. Wait five minutes, then sign in again.");

/** For the line above a conversation whose connection was lost. */
export function lostBecause(reason: Error): string {
  if (reason instanceof ResponseError) return sentence(reason.message);
  return t("The connection to the gateway was lost. Your messages are kept and sent when it is back.");
}
