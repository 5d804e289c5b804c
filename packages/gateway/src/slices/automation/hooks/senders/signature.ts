/**
 * Signatures of senders: GitHub (docs.github.com: validating webhook deliveries), Stripe (docs.stripe.com: verify webhook
 * signatures manually), and any other HMAC. Pure functions; nothing that a sender writes makes them throw.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { sha256Hex } from "../../../../base/ids.ts";
import type { VerifySettings } from "../settings.ts";

/** A request as it was sent. */
export interface Sent {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The time of arrival, epoch ms. */
  readonly at: number;
}

/** `mark` is the same for a request that is sent again as it was; absent where nothing in it is signed. */
export type Proof =
  | { readonly kind: "proved"; readonly mark?: string }
  | { readonly kind: "refused"; readonly why: string };

type HmacSettings = Pick<VerifySettings, "algorithm" | "encoding"> & { readonly secret: string };

/** How far the time of sending may be off, seconds (Stripe's own libraries: 300). */
const TOLERANCE_SECONDS = 300;
/** The most signatures of one header: a sender may sign with an old and a new secret. */
const MAX_SIGNATURES = 8;

/** Judges a signature by its scheme. */
export function judgeSignature(verify: VerifySettings, sent: Sent): Proof {
  const { secret } = verify;
  if (secret === undefined) return refused("its secret is not set");
  if (verify.scheme === "stripe") return judgeStripe({ ...verify, secret }, sent);
  if (verify.scheme === "github")
    return judgeHmac({ secret, scheme: "hmac", header: "x-hub-signature-256", prefix: "sha256=" }, sent);
  return judgeHmac({ ...verify, secret }, sent);
}

/** `Stripe-Signature: t=SECONDS,v1=HEX,v1=HEX`; what is signed is `SECONDS.BODY`. */
function judgeStripe(verify: VerifySettings & HmacSettings, { headers, body, at }: Sent): Proof {
  const header = headers["stripe-signature"];
  if (typeof header !== "string") return refused("the header stripe-signature is missing");
  const fields = header.split(",").map((field) => field.trim().split("="));
  const time = fields.find(([name]) => name === "t")?.[1] ?? "";
  const given = fields.flatMap(([name, value]) => (name === "v1" && value ? [value] : [])).slice(0, MAX_SIGNATURES);
  const off = lateness(time, at, verify.toleranceSeconds);
  if (off !== undefined) return refused(off);
  const signed = Buffer.concat([Buffer.from(`${time}.`), body]);
  const hmac = { secret: verify.secret };
  return given.some((each) => isRight(each, signed, hmac)) ? proved(signed, hmac) : refused(WRONG);
}

function judgeHmac(verify: VerifySettings & HmacSettings, { headers, body, at }: Sent): Proof {
  const { header: name = "", prefix = "", timestampHeader } = verify;
  const header = headers[name.toLowerCase()];
  if (typeof header !== "string") return refused(`the header ${name} is missing`);
  if (!header.startsWith(prefix)) return refused(`the header ${name} does not begin with ${prefix}`);
  const given = header.slice(prefix.length).trim();
  const time = timestampHeader === undefined ? "" : headers[timestampHeader.toLowerCase()];
  if (typeof time !== "string") return refused(`the header ${timestampHeader} is missing`);
  const off = timestampHeader === undefined ? undefined : lateness(time, at, verify.toleranceSeconds);
  if (off !== undefined) return refused(off);
  const signed = signedBytes(verify, time, body);
  return isRight(given, signed, verify) ? proved(signed, verify) : refused(WRONG);
}

/** The bytes that are signed: the body in the place that `signed` gives it. */
function signedBytes({ signed, timestampHeader }: VerifySettings, time: string, body: Buffer): Buffer {
  const form = signed ?? (timestampHeader === undefined ? "{body}" : "{timestamp}.{body}");
  const parts = form.split("{body}").map((part) => Buffer.from(part.replaceAll("{timestamp}", time)));
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [body, part])));
}

const WRONG = "the signature is not right";
const FORMS = { hex: /^[0-9a-f]+$/i, base64: /^[A-Za-z0-9+/]+={0,2}$/, base64url: /^[A-Za-z0-9_-]+={0,2}$/ } as const;

/** Compares in constant time; a signature of another form or length is wrong. */
function isRight(given: string, signed: Buffer, { secret, algorithm = "sha256", encoding = "hex" }: HmacSettings) {
  if (!FORMS[encoding].test(given)) return false;
  const expected = digestOf(signed, { secret, algorithm });
  const bytes = Buffer.from(given, encoding);
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}

function digestOf(signed: Buffer, { secret, algorithm = "sha256" }: HmacSettings): Buffer {
  return createHmac(algorithm, secret).update(signed).digest();
}

/** What is wrong with a time of sending; undefined when nothing is. */
function lateness(time: string, at: number, toleranceSeconds = TOLERANCE_SECONDS): string | undefined {
  if (!/^\d{9,13}$/.test(time)) return "the time of sending is missing or no number of seconds";
  const sentAt = time.length > 11 ? Number(time) : Number(time) * 1_000;
  const offSeconds = Math.round(Math.abs(at - sentAt) / 1_000);
  return offSeconds > toleranceSeconds
    ? `the time of sending is ${offSeconds} s away from this machine's clock`
    : undefined;
}

/** The mark follows from what is signed: one signature can be written in many ways, and with others beside it. */
function proved(signed: Buffer, hmac: HmacSettings): Proof {
  return { kind: "proved", mark: sha256Hex(digestOf(signed, hmac).toString("hex")) };
}

function refused(why: string): Proof {
  return { kind: "refused", why };
}
