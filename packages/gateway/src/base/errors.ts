/** Errors that are answers: thrown by handlers and services, sent on the wire by `server/dispatch.ts`. */

/** The wire's own error codes (protocol: frames). The last two are sent to protocol 4 clients only. */
export type ErrorCode =
  | "INVALID_REQUEST"
  | "NOT_PAIRED"
  | "NOT_LINKED"
  | "AGENT_TIMEOUT"
  | "UNAVAILABLE"
  | "FORBIDDEN"
  | "APPROVAL_NOT_FOUND";

export interface GatewayErrorOptions {
  /** Whether the same request may succeed later without a change. */
  readonly retryable?: boolean;
  /** Milliseconds to wait before a retry. */
  readonly retryAfterMs?: number;
  /** Machine-readable facts; `details.code` tells families of errors apart. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** A payload sent beside the error, as failed agent runs do. */
  readonly payload?: unknown;
  readonly cause?: unknown;
}

/** An error with a code of the protocol; its message is read by people and says what to do next. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean | undefined;
  readonly retryAfterMs: number | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly payload: unknown;

  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "GatewayError";
    this.code = code;
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
    this.payload = options.payload;
  }
}

/** Short for the most frequent error: the request is wrong and a retry will not help. */
export function invalidRequest(message: string, details?: Readonly<Record<string, unknown>>): GatewayError {
  return new GatewayError("INVALID_REQUEST", message, details ? { details } : {});
}

/** A start that cannot go on; the command line prints the message and exits with 1. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StartError";
  }
}

/** Drops an error on purpose; `why` says what makes that safe. */
export function ignore(_error: unknown, _why: string): void {}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system error (`ENOENT`, `EADDRINUSE` …), or undefined. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

/** Codes of failures after which nothing can have reached the other side: no address, no route, nobody listens. */
export const NEVER_REACHED: ReadonlySet<string | undefined> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
]);
