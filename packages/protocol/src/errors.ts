// Everything that can go wrong on the wire: the gateway's error codes as data, and the three errors a client meets.

/** Every error code: when the gateway sends it, and whether the same request can succeed later without a change. */
export const ERROR_CODES = {
  INVALID_REQUEST: {
    when: "The request is malformed, names something that does not exist, or is not allowed to this caller.",
    retry: false,
  },
  NOT_PAIRED: {
    when: "The handshake needs a device identity, or a device that its owner has not approved yet.",
    retry: false,
  },
  NOT_LINKED: { when: "The channel is not signed in to its platform.", retry: false },
  AGENT_TIMEOUT: { when: "The agent run took longer than it was allowed to.", retry: true },
  UNAVAILABLE: { when: "The gateway, a model, a channel or a node could not do its part right now.", retry: true },
  FORBIDDEN: { when: "Protocol 4 only: the connection lacks the scope named in `details.missingScope`.", retry: false },
  APPROVAL_NOT_FOUND: { when: "Protocol 4 only: no approval with that id is waiting.", retry: false },
} as const satisfies Record<string, { when: string; retry: boolean }>;

/** One of the codes in `ERROR_CODES`. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The `error` of a response frame. `retryAfterMs` is how long to wait before asking again. */
export interface ErrorShape {
  code: ErrorCode | (string & {});
  message: string;
  details?: unknown;
  retryable?: boolean;
  retryAfterMs?: number;
}

/** The gateway answered `ok: false`. `payload` is what it sent beside the error, if anything. */
export class ResponseError extends Error {
  override readonly name = "ResponseError";
  readonly code: ErrorShape["code"];
  readonly details: unknown;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly payload: unknown;

  constructor(error: ErrorShape, payload?: unknown) {
    super(error.message);
    this.code = error.code;
    this.details = error.details;
    this.retryable = error.retryable ?? mayRetry(error.code);
    this.retryAfterMs = error.retryAfterMs;
    this.payload = payload;
  }

  /** `details.code`, the finer reason that handshake and scope errors carry. */
  get reason(): string | undefined {
    return this.detail("code");
  }

  /** The string stored in `details` under `key`, e.g. the `requestId` of a pairing refusal. */
  detail(key: string): string | undefined {
    const value = (this.details as Record<string, unknown> | null | undefined)?.[key];
    return typeof value === "string" ? value : undefined;
  }
}

/** The connection ended, or was never there. Requests in flight may or may not have been carried out. */
export class ConnectionClosed extends Error {
  override readonly name = "ConnectionClosed";
  readonly closeCode: number;
  readonly reason: string;

  constructor(closeCode: number, reason: string, options?: { message?: string; cause?: unknown }) {
    super(options?.message ?? `connection closed (${closeCode}${reason === "" ? "" : `: ${reason}`})`, {
      cause: options?.cause,
    });
    this.closeCode = closeCode;
    this.reason = reason;
  }
}

/** No answer came in time. The request may still be carried out: retry with the same idempotency key. */
export class RequestTimeout extends Error {
  override readonly name = "RequestTimeout";
  readonly method: string;
  readonly timeoutMs: number;

  constructor(method: string, timeoutMs: number) {
    super(`${method} was not answered within ${timeoutMs} ms`);
    this.method = method;
    this.timeoutMs = timeoutMs;
  }
}

function mayRetry(code: string): boolean {
  return Object.hasOwn(ERROR_CODES, code) && ERROR_CODES[code as ErrorCode].retry;
}
