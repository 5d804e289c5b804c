/**
 * Requests that wait for a decision. What is shown never changes, the first decision counts, and nothing outlives the
 * process.
 */

import { randomInt } from "node:crypto";
import { defined } from "../../../base/defined.ts";
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import { newId } from "../../../base/ids.ts";
import { visible } from "../../../base/text/visible.ts";
import type { Clock } from "../../../base/time/clock.ts";
import type { Decider } from "./audit.ts";
import type { Decision } from "./policy/policy.ts";
import type { ExecRequestShape, PendingApprovalShape } from "./schema.ts";

/** A new request. */
export interface NewApproval {
  readonly request: ExecRequestShape;
  readonly id?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** Whether “always” would last. */
  readonly remembers?: boolean | undefined;
  /** The effect of “always”, in words. */
  readonly always?: string | undefined;
  /** Fingerprint of all that is approved with it. */
  readonly binding?: string | undefined;
  /** Whose request it is, when a client asks: the decision counts for its calls only. */
  readonly askedBy?: string | undefined;
}

/** The end of a request: a decision, no answer in time, or the withdrawal of the request. */
export type Outcome =
  | { readonly kind: "decided"; readonly decision: Decision; readonly by: Decider }
  | { readonly kind: "expired" }
  | { readonly kind: "withdrawn"; readonly why: string };

/** A waiting request. In the texts for people, invisible characters are spelled out. */
export interface Waiting {
  readonly id: string;
  readonly code: string;
  readonly request: ExecRequestShape;
  readonly remembers: boolean;
  readonly always: string | undefined;
  readonly binding: string | undefined;
  readonly askedBy: string | undefined;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** Resolves to how it ended; never rejects. */
  readonly outcome: Promise<Outcome>;
}

interface Entry extends Waiting {
  readonly timer: Disposable;
  settle(outcome: Outcome): void;
}

/** Letters and digits that are not mistaken for each other. */
const ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_CHARS = 6;
const MAX_WAITING = 64;
const DEFAULT_TIMEOUT_MS = 120_000;
const MAX_TIMEOUT_MS = 24 * 3_600_000;
/** The number of ended requests that can still be read. */
const MAX_ENDED = 64;

export class PendingApprovals {
  readonly #clock: Clock;
  readonly #onEnd: (waiting: Waiting, outcome: Outcome) => void;
  readonly #waiting = new Map<string, Entry>();
  readonly #ended = new Map<string, Waiting>();

  /** `onEnd` is called for every end, in the call that causes it. */
  constructor(options: { clock: Clock; onEnd: (waiting: Waiting, outcome: Outcome) => void }) {
    this.#clock = options.clock;
    this.#onEnd = options.onEnd;
  }

  /** Files a request. Throws `INVALID_REQUEST` "approval id already pending", `UNAVAILABLE` when too many wait. */
  add({
    request,
    id = newId(),
    timeoutMs = DEFAULT_TIMEOUT_MS,
    remembers = false,
    always,
    binding,
    askedBy,
  }: NewApproval): Waiting {
    if (this.#waiting.has(id)) throw invalidRequest("approval id already pending");
    if (this.#waiting.size >= MAX_WAITING)
      throw new GatewayError(
        "UNAVAILABLE",
        `${MAX_WAITING} commands wait for approval already; decide about those first`,
        {
          retryable: true,
          retryAfterMs: 10_000,
        },
      );
    const createdAtMs = this.#clock.now();
    const limitMs = Math.min(timeoutMs, MAX_TIMEOUT_MS);
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const entry: Entry = {
      ...{ id, code: this.#freshCode(), request: shown(request), remembers, always, binding, askedBy },
      ...{ createdAtMs, expiresAtMs: createdAtMs + limitMs },
      outcome: promise,
      timer: this.#clock.after(limitMs, () => this.#end(entry, { kind: "expired" })),
      settle: resolve,
    };
    this.#ended.delete(id);
    this.#waiting.set(id, entry);
    return entry;
  }

  /** The request of an id or a code, in any case. */
  find(idOrCode: string): Waiting | undefined {
    const wanted = idOrCode.trim();
    const code = wanted.toUpperCase();
    return this.#waiting.get(wanted) ?? [...this.#waiting.values()].find((entry) => entry.code === code);
  }

  /** Like `find`, but also knows requests that ended lately. */
  recall(id: string): Waiting | undefined {
    return this.find(id) ?? this.#ended.get(id);
  }

  /** All that wait, the oldest first. */
  list(): Waiting[] {
    return [...this.#waiting.values()];
  }

  /** Decides a request; false when none waits under this id, because a decision cannot be taken twice. */
  decide({ id }: Pick<Waiting, "id">, decision: Decision, by: Decider): boolean {
    return this.#endOf(id, { kind: "decided", decision, by });
  }

  /** Withdraws a request that nobody would run any more. */
  withdraw({ id }: Pick<Waiting, "id">, why: string): boolean {
    return this.#endOf(id, { kind: "withdrawn", why });
  }

  #endOf(id: string, outcome: Outcome): boolean {
    const entry = this.#waiting.get(id);
    if (entry) this.#end(entry, outcome);
    return entry !== undefined;
  }

  #end(entry: Entry, outcome: Outcome): void {
    if (!this.#waiting.delete(entry.id)) return;
    entry.timer[Symbol.dispose]();
    this.#ended.set(entry.id, entry);
    const oldest = this.#ended.size > MAX_ENDED ? this.#ended.keys().next().value : undefined;
    if (oldest !== undefined) this.#ended.delete(oldest);
    try {
      this.#onEnd(entry, outcome);
    } finally {
      entry.settle(outcome);
    }
  }

  #freshCode(): string {
    const taken = new Set(this.list().map(({ code }) => code));
    for (;;) {
      const code = Array.from({ length: CODE_CHARS }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
      if (!taken.has(code)) return code;
    }
  }
}

/** A request as the wire says it. */
export function pendingView(waiting: Waiting): PendingApprovalShape {
  const { id, code, request, remembers, always, createdAtMs, expiresAtMs } = waiting;
  return { id, code, request, remembers, ...defined({ always }), createdAtMs, expiresAtMs };
}

/** A request as people see it on every surface, with invisible characters spelled out. It is frozen. */
function shown(request: ExecRequestShape): ExecRequestShape {
  const { env, why, command, cwd, resolvedPath } = request;
  const given = env && Object.entries(env).map(([name, value]) => [visible(name), visible(value)] as const);
  return Object.freeze({
    ...request,
    command: visible(command),
    cwd: cwd === null ? null : visible(cwd),
    resolvedPath: resolvedPath === null ? null : visible(resolvedPath),
    ...(given && { env: Object.freeze(Object.fromEntries(given)) }),
    ...(why && { why: Object.freeze(why.map(visible)) as string[] }),
  });
}
