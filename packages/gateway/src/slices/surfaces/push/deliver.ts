/** Hands one encrypted message to a push service (RFC 8030 section 5), and reads what became of it. */
import { createHash } from "node:crypto";
import { messageOf } from "../../../base/errors.ts";
import { hostAndPort } from "../../../base/net/host-and-port.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { encrypted } from "./encrypt.ts";
import { type PushSettings, USUAL_CONTACT } from "./settings.ts";
import type { Subscription } from "./subscriptions.ts";
import type { Vapid } from "./vapid.ts";

/** What a person is called for, as the page's worker reads it. */
export interface Notice {
  readonly title: string;
  readonly text: string;
  /** Another notice with the same tag takes the place of the first. */
  readonly tag: string;
  /** The conversation that a click opens. */
  readonly sessionKey?: string | undefined;
  /** Replaces another notice without a sound. */
  readonly isQuiet?: true;
}

/** How long a push service keeps a message for a browser that is away, and whether it may wake the machine. */
export interface Urgency {
  readonly ttlSeconds: number;
  readonly urgency: "normal" | "high";
}

/** What became of a message: taken; the subscription has ended; try later; or refused for good. */
export type Delivered =
  | { readonly kind: "sent" }
  | { readonly kind: "gone" }
  | { readonly kind: "later" | "refused"; readonly why: string };

/** What a delivery needs. */
export interface Delivery extends Urgency {
  readonly vapid: Vapid;
  readonly clock: Clock;
  readonly settings: PushSettings;
  readonly signal: AbortSignal;
}

const LIMIT_MS = 20_000;
const MAX_ANSWER_BYTES = 10_000;
/** The subscription has expired, or the person has withdrawn it (RFC 8030 section 7.3). */
const GONE: ReadonlySet<number> = new Set([404, 410]);

/** The sender is not accepted; some services look at its contact (RFC 8292 section 4.2). */
const REFUSES_SENDER: ReadonlySet<number> = new Set([400, 401, 403]);

/** Sends to the public internet over https, or to a host that the settings name. Throws only the signal's reason. */
export async function deliver(notice: Notice, to: Subscription, delivery: Delivery): Promise<Delivered> {
  const { vapid, clock, settings, signal, ttlSeconds, urgency } = delivery;
  const { safeFetch } = await import("../../../base/net/safe-fetch.ts");
  const endpoint = new URL(to.endpoint);
  const keys = { p256dh: Buffer.from(to.p256dh, "base64url"), auth: Buffer.from(to.auth, "base64url") };
  const { allowPrivateHosts = [], contact } = settings;
  try {
    using answer = await safeFetch(endpoint, {
      ...{ clock, signal, allowPrivateHosts, limitMs: LIMIT_MS, maxBytes: MAX_ANSWER_BYTES, method: "POST" },
      httpsOnly: !allowPrivateHosts.includes(hostAndPort(endpoint)),
      headers: {
        authorization: vapid.authorization({ endpoint, contact, now: clock.now() }),
        "content-type": "application/octet-stream",
        "content-encoding": "aes128gcm",
        ttl: String(ttlSeconds),
        urgency,
        topic: topicOf(notice),
      },
      body: encrypted(JSON.stringify(notice), keys),
    });
    if (answer.url.href !== endpoint.href) return { kind: "refused", why: `${endpoint.host} redirects elsewhere` };
    return outcomeOf(answer.status, endpoint.host, contact);
  } catch (error) {
    signal.throwIfAborted();
    return { kind: "later", why: `${endpoint.host} cannot be reached: ${messageOf(error)}` };
  }
}

/** What waits at the push service is replaced by what has the same topic (RFC 8030 section 5.4: at most 32 characters). */
function topicOf({ tag }: Notice): string {
  return createHash("sha256").update(tag).digest("base64url").slice(0, 32);
}

function outcomeOf(status: number, host: string, contact: string): Delivered {
  if (status >= 200 && status < 300) return { kind: "sent" };
  if (GONE.has(status)) return { kind: "gone" };
  const advice =
    REFUSES_SENDER.has(status) && contact === USUAL_CONTACT ? "; set push.contact to an address of yours" : "";
  const why = `${host} answered ${status}${advice}`;
  return { kind: status === 429 || status >= 500 ? "later" : "refused", why };
}
