/**
 * Chooses the key of a provider. A refused or exhausted key rests, and the next one is used. The state is in memory and
 * ends with the process. A single key is always used.
 */
import { createHash } from "node:crypto";
import type { Clock } from "../../../../base/time/clock.ts";
import type { ModelError } from "../model-error.ts";
import type { Provider } from "./providers.ts";

const FIRST_REST_MS = 60_000;
const LONGEST_REST_MS = 3_600_000;
const MAX_KNOWN = 200;

/** The state of a key: `rejected` ones rest until another key is in their place. */
export type KeyState = "ready" | "rate-limited" | "no-credit" | "rejected";

/** The state of one key; keys are shown by their number, never by their text. */
export interface KeyStatus {
  /** From 1. */
  readonly number: number;
  readonly state: KeyState;
  /** When it is used again, epoch ms; absent for one that is ready or rejected. */
  readonly restsUntil?: number;
}

interface Rest {
  readonly state: Exclude<KeyState, "ready">;
  readonly until: number;
  /** The next rest, if it is refused again. */
  readonly nextMs: number;
}

export class Keyring {
  readonly #clock: Clock;
  readonly #rests = new Map<string, Rest>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The provider with the key to use now as its only one: the first that is ready, else the one that is soonest. */
  pick(provider: Provider): Provider {
    const keys = keysOf(provider);
    if (keys.length < 2) return provider;
    const byRest = keys.map((key) => ({ key, until: this.#restOf(provider, key)?.until ?? 0 }));
    const best = byRest.reduce((first, each) => (each.until < first.until ? each : first));
    return { ...provider, apiKey: best.key, apiKeys: [best.key] };
  }

  /** Notes what happened to the key that was picked; true when another key is ready. */
  failed(provider: Provider, picked: Provider, { kind, retryAfterMs }: ModelError): boolean {
    const { apiKey } = picked;
    if (apiKey === undefined || (kind !== "logged-out" && kind !== "no-credit" && kind !== "rate-limited"))
      return false;
    const nextMs = this.#rests.get(nameOf(provider, apiKey))?.nextMs ?? FIRST_REST_MS;
    const restMs = kind === "no-credit" ? LONGEST_REST_MS : (retryAfterMs ?? nextMs);
    const until = kind === "logged-out" ? Number.POSITIVE_INFINITY : this.#clock.now() + restMs;
    const state = kind === "logged-out" ? "rejected" : kind;
    if (this.#rests.size >= MAX_KNOWN) this.#rests.clear();
    this.#rests.set(nameOf(provider, apiKey), { state, until, nextMs: Math.min(nextMs * 2, LONGEST_REST_MS) });
    return keysOf(provider).some((key) => this.#restOf(provider, key) === undefined);
  }

  /** Notes that the key works. */
  worked(provider: Provider, { apiKey }: Provider): void {
    if (apiKey !== undefined) this.#rests.delete(nameOf(provider, apiKey));
  }

  /** The number of a key, from 1; 0 when it is none of the provider's. */
  numberOf(provider: Provider, { apiKey }: Provider): number {
    return apiKey === undefined ? 0 : keysOf(provider).indexOf(apiKey) + 1;
  }

  /** How each key of a provider is. */
  status(provider: Provider): KeyStatus[] {
    return keysOf(provider).map((key, index) => {
      const rest = this.#restOf(provider, key);
      if (!rest) return { number: index + 1, state: "ready" };
      const { state, until } = rest;
      return { number: index + 1, state, ...(Number.isFinite(until) && { restsUntil: until }) };
    });
  }

  #restOf(provider: Provider, key: string): Rest | undefined {
    const rest = this.#rests.get(nameOf(provider, key));
    return rest && rest.until > this.#clock.now() ? rest : undefined;
  }
}

function keysOf({ apiKey, apiKeys }: Provider): readonly string[] {
  return apiKeys ?? (apiKey === undefined ? [] : [apiKey]);
}

/** Names a provider without storing its keys again. */
function nameOf({ id, baseUrl }: Provider, key: string): string {
  return createHash("sha256")
    .update(JSON.stringify([id, baseUrl, key]))
    .digest("base64");
}
