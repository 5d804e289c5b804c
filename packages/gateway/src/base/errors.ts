/**
 * Errors whose text people may read, and the one way in which any other error is told to people. Texts of errors from
 * libraries, the system and other services stay inside: they may hold keys, addresses and paths.
 */
import { createHmac, randomBytes } from "node:crypto";

/** An error whose message is a sentence of ours for people; it may leave the process. */
export class TellableError extends Error {
  /** Marks the class. `instanceof` does not work, because a bundle may hold the class twice. */
  readonly isTellable = true;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TellableError";
  }
}

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
export class GatewayError extends TellableError {
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

/** Makes the most frequent error: the request is wrong, and a retry does not help. */
export function invalidRequest(message: string, details?: Readonly<Record<string, unknown>>): GatewayError {
  return new GatewayError("INVALID_REQUEST", message, details ? { details } : {});
}

export interface StartErrorOptions extends ErrorOptions {
  /** Only a person can fix it, so a supervisor must not try again. */
  readonly isLasting?: boolean;
}

/**
 * A start that cannot go on; the command line prints the message and exits with 1, or with 78 (EX_CONFIG of sysexits.h) when
 * another try would end the same way.
 */
export class StartError extends TellableError {
  readonly exitCode: 1 | 78;

  constructor(message: string, { isLasting = false, ...options }: StartErrorOptions = {}) {
    super(message, options);
    this.name = "StartError";
    this.exitCode = isLasting ? 78 : 1;
  }
}

/** Drops an error on purpose; `why` says what makes that safe. */
export function ignore(_error: unknown, _why: string): void {}

/**
 * What people are told of anything that was thrown: its message when that is ours, a sentence for the failures that are
 * known by their code, and else a reference under which the log has the error itself. Never the text of the error.
 */
export function messageOf(error: unknown): string {
  for (let inner = error, depth = 0; depth < 5 && typeof inner === "object" && inner !== null; depth++) {
    const { isTellable, message, name, cause } = inner as Partial<TellableError>;
    if (isTellable === true && message !== undefined) return message;
    const known = KNOWN_FAILURES.get(codeOf(inner) ?? "") ?? KNOWN_FAILURES.get(name ?? "");
    if (known !== undefined) return known;
    inner = cause;
  }
  return `an unexpected error happened; the log says more under ${referenceOf(error)}`;
}

/** What an error says of itself. For the log and for telling errors apart; never for people. */
export function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Receives each error that people get a reference for, and logs it. */
type Witness = (error: unknown, reference: string) => void;

const witnesses = new Set<Witness>();

/** Calls `witness` for every error of which people only get a reference. */
export function onUnexpected(witness: Witness): Disposable {
  witnesses.add(witness);
  return { [Symbol.dispose]: () => void witnesses.delete(witness) };
}

/** The reference of an error in the log. Equal failures have equal references for as long as the process runs. */
function referenceOf(error: unknown): string {
  referenceKey ??= randomBytes(16);
  const reference = `e-${createHmac("sha256", referenceKey).update(detailOf(error)).digest("hex").slice(0, 8)}`;
  if (typeof error === "object" && error !== null) {
    if (told.has(error)) return reference;
    told.add(error);
  }
  for (const witness of witnesses) witness(error, reference);
  return reference;
}

/**
 * The key of the hash. Without it, people could guess an error's text and check the guess. It is made when an error is told:
 * loading what makes it takes a seventh of a command that needs nothing else of it (5 of 35 ms of CPU).
 */
let referenceKey: Buffer | undefined;
const told = new WeakSet<object>();

const NOT_TRUSTED = "the certificate of the other side is not trusted";

/** Sentences for failures of the system, the network and its library, by their code or their name. */
const KNOWN_FAILURES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ENOTFOUND: "there is no host of that name",
    EAI_AGAIN: "the name could not be looked up; try again in a moment",
    ECONNREFUSED: "nobody answers at that address",
    ECONNRESET: "the other side broke the connection",
    EPIPE: "the other side broke the connection",
    UND_ERR_SOCKET: "the other side broke the connection",
    ETIMEDOUT: "the other side does not answer",
    UND_ERR_CONNECT_TIMEOUT: "the other side does not answer",
    UND_ERR_HEADERS_TIMEOUT: "the other side does not answer",
    UND_ERR_BODY_TIMEOUT: "the other side stopped in the middle of its answer",
    EHOSTUNREACH: "the host cannot be reached",
    ENETUNREACH: "the network cannot be reached",
    EADDRNOTAVAIL: "the network cannot be reached",
    EADDRINUSE: "the address is in use",
    ENOENT: "it is not there",
    ENOTDIR: "it is not there",
    EACCES: "it may not be opened; check its owner and mode",
    EPERM: "the system does not allow it",
    EISDIR: "it is a folder",
    ENOSPC: "the disk is full",
    EDQUOT: "the disk is full",
    EROFS: "the disk is read-only",
    EIO: "the disk reports an error",
    EMFILE: "too many files are open",
    ENOMEM: "the memory is full",
    CERT_HAS_EXPIRED: "the certificate of the other side has expired",
    DEPTH_ZERO_SELF_SIGNED_CERT: NOT_TRUSTED,
    SELF_SIGNED_CERT_IN_CHAIN: NOT_TRUSTED,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_TRUSTED,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_TRUSTED,
    ERR_TLS_CERT_ALTNAME_INVALID: "the certificate of the other side is for another name",
    ERR_INVALID_URL: "it is not an address",
    AbortError: "it was interrupted",
    TimeoutError: "it took too long",
  }),
);

/** The `code` of a system error (`ENOENT`, `EADDRINUSE` …), or undefined. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

/** Codes of failures that prove that nothing reached the other side: no address, no route, no listener, no socket. */
export const NEVER_REACHED: ReadonlySet<string | undefined> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  // No socket could be opened.
  "EMFILE",
  "ENFILE",
]);
