/**
 * The token of a Pub/Sub push: a JWT of Google's in `Authorization: Bearer` (cloud.google.com: authenticate push
 * subscriptions). It proves the sender, and signs nothing of the body.
 */
import type { JWTVerifyGetKey } from "jose";
import { detailOf, GatewayError, ignore } from "../../../../base/errors.ts";
import type { Log } from "../../../../base/log.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { VerifySettings } from "../settings.ts";
import type { Proof, Sent } from "./signature.ts";

/** Where Google's public keys are (accounts.google.com/.well-known/openid-configuration, `jwks_uri`). */
const KEYS_URL = "https://www.googleapis.com/oauth2/v3/certs";
const ISSUERS = ["https://accounts.google.com", "accounts.google.com"];
/** How long keys are used without asking again, and the shortest time between two questions, ms. */
const KEEP_KEYS_MS = 6 * 3_600_000;
const ASK_AGAIN_MS = 30_000;
const FETCH_MS = 5_000;
const MAX_KEYS_BYTES = 256 * 1_024;
/** How far the clocks of Google and of this machine may differ, seconds. */
const CLOCK_SECONDS = 30;
const MAX_TOKEN_CHARS = 8_192;

export class GoogleTokens {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #keys = new Map<string, JWTVerifyGetKey>();

  constructor({ clock, log }: { clock: Clock; log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Judges a push. Throws `UNAVAILABLE` when the keys cannot be had, so that the push is sent again. */
  async judge({ audience, email, keysUrl = KEYS_URL }: VerifySettings, { headers, at }: Sent): Promise<Proof> {
    const token = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
    if (token === undefined || token.length > MAX_TOKEN_CHARS) return refused("the bearer token is missing");
    if (audience === undefined || email === undefined) return refused("its audience or email is not set");
    const { jwtVerify, errors } = await import("jose");
    const keys = await this.#keysAt(keysUrl);
    try {
      const { payload } = await jwtVerify(token, keys, {
        ...{ algorithms: ["RS256"], issuer: ISSUERS, audience, clockTolerance: CLOCK_SECONDS },
        ...{ currentDate: new Date(at), requiredClaims: ["exp", "iat"] },
      });
      const isTheirs = payload.email === email && payload.email_verified === true;
      return isTheirs ? { kind: "proved" } : refused("the token is another account's");
    } catch (error) {
      if (error instanceof KeysError) throw keysProblem(error);
      if (error instanceof errors.JOSEError) return refused(PROBLEMS[error.code] ?? "the token is not right");
      throw error;
    }
  }

  async #keysAt(url: string): Promise<JWTVerifyGetKey> {
    const known = this.#keys.get(url);
    if (known) return known;
    const { createRemoteJWKSet, customFetch } = await import("jose");
    const keys = createRemoteJWKSet(new URL(url), {
      ...{ cacheMaxAge: KEEP_KEYS_MS, cooldownDuration: ASK_AGAIN_MS, timeoutDuration: FETCH_MS },
      [customFetch]: (address: string) => this.#fetch(address),
    });
    this.#keys.set(url, keys);
    return keys;
  }

  async #fetch(address: string): Promise<Response> {
    const { safeFetch } = await import("../../../../base/net/safe-fetch.ts");
    const { hostAndPort } = await import("../../../../base/net/host-and-port.ts");
    try {
      using answer = await safeFetch(address, {
        ...{ clock: this.#clock, signal: new AbortController().signal, maxBytes: MAX_KEYS_BYTES, limitMs: FETCH_MS },
        // The owner has named this address, so it may be on their own network.
        allowPrivateHosts: [hostAndPort(new URL(address))],
      });
      if (answer.status !== 200) throw new KeysError(`status ${answer.status}`);
      return new Response(new Uint8Array(await answer.bytes()), { headers: { "content-type": "application/json" } });
    } catch (error) {
      this.#log.warn("the keys of a sender cannot be fetched", { address, problem: detailOf(error) });
      throw error instanceof KeysError ? error : new KeysError("they cannot be fetched", { cause: error });
    }
  }
}

/** The keys of a sender cannot be had. */
class KeysError extends Error {}

function keysProblem(cause: unknown): GatewayError {
  ignore(cause, "it is in the log");
  return new GatewayError("UNAVAILABLE", "the sender's keys cannot be fetched now; send it again later", {
    retryable: true,
    retryAfterMs: ASK_AGAIN_MS,
  });
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ERR_JWT_EXPIRED: "the token has expired",
  ERR_JWT_CLAIM_VALIDATION_FAILED: "the token is for another audience, or not Google's",
  ERR_JWKS_NO_MATCHING_KEY: "the token is signed with a key that is not Google's",
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "the token's signature is not right",
};

function refused(why: string): Proof {
  return { kind: "refused", why };
}
