/** Refusals of hooks as their callers know them (protocol: HTTP surface, hooks). */
import { GatewayError } from "../../../../base/errors.ts";
import { CLOSE, Refusal } from "../../../../kit/http.ts";

/** A refusal, and the reason for the list of deliveries, which says more than a stranger is told. */
export class HookRefusal extends Refusal {
  readonly reason: string;

  constructor(status: number, error: string, options: { headers?: Refusal["headers"]; reason?: string } = {}) {
    super(status, { ok: false, error }, options.headers);
    this.reason = options.reason ?? error;
  }
}

/** A refusal of what was sent. */
export function refused(status: number, error: string, headers: Refusal["headers"] = {}): HookRefusal {
  return new HookRefusal(status, error, { headers });
}

/** A refusal before the body was read. */
export function refusedEarly(status: number, error: string, headers: Refusal["headers"] = {}): HookRefusal {
  return new HookRefusal(status, error, { headers: { ...headers, ...CLOSE } });
}

/** The refusal of a caller who has proved nothing; only the owner is told what was wrong. */
export function unproved(reason: string): HookRefusal {
  return new HookRefusal(401, "Unauthorized", { headers: CLOSE, reason });
}

/** The failure of a mapping, which only the owner can fix. */
export function mappingFailed(reason: string): HookRefusal {
  return new HookRefusal(500, "hook mapping failed", { reason });
}

/** The header Retry-After, in whole seconds. */
export function retryAfter(ms: number): Refusal["headers"] {
  return { "Retry-After": String(Math.max(1, Math.ceil(ms / 1_000))) };
}

/** The refusal for an error; undefined for an unexpected one. */
export function refusalOf(error: unknown): HookRefusal | undefined {
  if (error instanceof HookRefusal) return error;
  if (!(error instanceof GatewayError)) return undefined;
  const { code, message, retryable, retryAfterMs = 1_000 } = error;
  if (code === "INVALID_REQUEST") return refused(400, message);
  return refused(503, message, retryable ? retryAfter(retryAfterMs) : {});
}
