/** signal-cli's JSON-RPC over HTTP, and what its refusals mean. */

import { codeOf, messageOf, NEVER_REACHED, TellableError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import type { Clock } from "../../base/time/clock.ts";
import { ChannelError, rateLimited } from "../../kit/channel.ts";

/** signal-cli's own error codes (its source: SignalJsonRpcCommandHandler). */
const CODE = { io: -3, untrusted: -4, rateLimit: -5, captcha: -6, noMethod: -32601, params: -32602 } as const;

const CALL_MS = 60_000;
/** The wait when signal-cli does not say how long. */
const USUAL_WAIT_MS = 60_000;
const CHECK_MS = 5_000;

/** What one recipient of a send got. */
export interface RecipientResult {
  readonly type: string;
  readonly recipientAddress?: { readonly number?: string | null; readonly uuid?: string | null };
  readonly retryAfterSeconds?: number;
  readonly token?: string;
}

interface Failure {
  readonly code: number;
  readonly message: string;
  readonly data?: { readonly response?: { readonly results?: readonly RecipientResult[] } } | null;
}

/** A refusal of signal-cli, as it came. */
class RpcFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

interface CallOptions {
  readonly signal: AbortSignal;
  /** How long the answer may take; as long as `signal` lets it when undefined is said. */
  readonly limitMs?: number | undefined;
}

export class Rpc {
  readonly url: string;
  readonly #clock: Clock;

  constructor(url: string, clock: Clock) {
    this.url = url.replace(/\/+$/, "");
    this.#clock = clock;
  }

  /** Calls a method. Throws `ChannelError`. */
  async call<T>(method: string, params: Readonly<Record<string, unknown>>, options: CallOptions): Promise<T> {
    const limitMs = "limitMs" in options ? options.limitMs : CALL_MS;
    try {
      return await this.#within(limitMs, options.signal, (signal) => this.#post<T>(method, params, signal));
    } catch (error) {
      throw callError(error);
    }
  }

  /** Whether the daemon answers. */
  async isUp(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#within(CHECK_MS, signal, async (limited) => {
        const response = await fetch(`${this.url}/api/v1/check`, { signal: limited });
        await response.body?.cancel();
        return response.ok;
      });
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }

  async #post<T>(method: string, params: object, signal: AbortSignal): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/rpc`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: newId(), method, params }),
      signal,
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new ChannelError("unknown", `signal-cli answered ${response.status}; see its log.`);
    }
    const answer = (await response.json()) as { readonly result?: T; readonly error?: Failure };
    if (answer.error) throw new RpcFailure(answer.error);
    return answer.result as T;
  }

  async #within<T>(ms: number | undefined, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (ms === undefined) return await run(signal);
    const limit = new AbortController();
    using _timer = this.#clock.after(ms, () => limit.abort(new TellableError(`no answer within ${ms} ms`)));
    return await run(AbortSignal.any([signal, limit.signal]));
  }
}

/** Whether signal-cli knows no method of that name: it serves one account only, or is old. */
export function isUnknownMethod(error: unknown): boolean {
  const { cause } = error as { cause?: unknown };
  return cause instanceof RpcFailure && cause.failure.code === CODE.noMethod;
}

/** The account is no longer linked. */
export function loggedOut(): ChannelError {
  return new ChannelError(
    "logged-out",
    "Signal has ended the link to this account; run moltbot channels login signal and scan the code again.",
  );
}

/** Why a recipient got nothing. */
export function resultError({ type, recipientAddress, retryAfterSeconds, token }: RecipientResult): ChannelError {
  const who = recipientAddress?.number ?? recipientAddress?.uuid ?? "the recipient";
  switch (type) {
    case "RATE_LIMIT_FAILURE":
      return tooMany(retryAfterSeconds, token);
    case "NETWORK_FAILURE":
      return new ChannelError("unknown", `signal-cli lost the network while it sent to ${who}.`);
    case "IDENTITY_FAILURE":
      return new ChannelError(
        "rejected",
        `The safety number of ${who} has changed; compare it, then run signal-cli trust ${who} with the verified number.`,
      );
    case "UNREGISTERED_FAILURE":
      return new ChannelError("rejected", `${who} is not on Signal.`);
    default:
      return new ChannelError("rejected", `Signal did not deliver to ${who} (${type}).`);
  }
}

function callError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  if (error instanceof RpcFailure) return refusal(error);
  const code = codeOf((error as { cause?: unknown } | undefined)?.cause) ?? codeOf(error);
  if (code && NEVER_REACHED.has(code)) {
    return new ChannelError("not-sent", `signal-cli cannot be reached (${code}); see that its daemon runs.`, {
      cause: error,
    });
  }
  return new ChannelError("unknown", "signal-cli did not answer; whether it sent the message cannot be told.", {
    cause: error,
  });
}

function refusal(cause: RpcFailure): ChannelError {
  const { code, message, data } = cause.failure;
  const results = data?.response?.results ?? [];
  const failed = results.find(({ type }) => type !== "SUCCESS");
  if (code === CODE.rateLimit) return tooMany(failed?.retryAfterSeconds, failed?.token);
  if (code === CODE.params && /account/i.test(message)) return loggedOut();
  if (/authorization failed|not registered/i.test(message) && !failed) return loggedOut();
  if (failed) return resultError(failed);
  if (code === CODE.io)
    return new ChannelError("unknown", "signal-cli lost the network; whether it sent the message cannot be told.", {
      cause,
    });
  const known = REJECTIONS.find(([pattern]) => pattern.test(message));
  return new ChannelError("rejected", known?.[1] ?? `Signal refused it: ${messageOf(cause)}.`, { cause });
}

/** What signal-cli says that people can do something about. */
const REJECTIONS: readonly (readonly [RegExp, string])[] = [
  [/not a member of the group/i, "The account is not a member of the group any more; have it added again."],
  [/group.{0,80}not found|unknown group/i, "Signal knows no such group; the account was removed, or the id is wrong."],
  [
    /invalid group id|invalid (?:phone )?number|not a valid (?:phone )?number/i,
    "This is no number or group of Signal.",
  ],
  [/attachment.{0,80}(?:too large|too big)/i, "The file is larger than Signal allows."],
];

function tooMany(retryAfterSeconds = USUAL_WAIT_MS / 1000, token?: string): ChannelError {
  const how = token
    ? `solve a captcha at https://signalcaptchas.org/challenge/generate and run signal-cli submitRateLimitChallenge --challenge ${token} --captcha CAPTCHA`
    : "the gateway waits";
  return rateLimited("Signal", retryAfterSeconds * 1000, { usualMs: USUAL_WAIT_MS, how: `: ${how}` });
}
