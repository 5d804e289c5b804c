/** A request becomes an answer: lookup → access → validate → once → handler → respond. */
import { GatewayError, invalidRequest } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Store } from "../base/store/store.ts";
import type { Explanation, StoreWatch } from "../base/store/store-watch.ts";
import { jsonText } from "../base/text/well-formed.ts";
import { scopeMissingIn } from "../kit/access.ts";
import type { Base } from "../kit/base.ts";
import type { CallWatcher } from "../kit/host.ts";
import { type Call, type Method, Serialized } from "../kit/method.ts";
import type { ManyPort } from "../kit/port.ts";
import { type Schema, validationText } from "../kit/schema/validate.ts";
import { accessProblem } from "./access.ts";
import type { Connection, Session } from "./connection.ts";
import type { Dialect } from "./dialect.ts";
import type { IdempotentCalls, Responder } from "./idempotency.ts";
import { LIMITS } from "./limits.ts";

/** A request frame that has been checked. */
export interface Request {
  readonly id: string;
  readonly method: string;
  readonly params?: unknown;
}

export interface DispatchOptions {
  /** All methods by name; asked with the first request. */
  methods(): ReadonlyMap<string, Method>;
  readonly gateway: Base;
  readonly idempotentCalls: IdempotentCalls;
  readonly log: Log;
  readonly replication: Pick<Store, "isReplicated" | "replicated">;
  /** Hear how long each request took. */
  readonly calls: ManyPort<CallWatcher>;
  /** See `StoreWatch.explain`. */
  readonly explain: StoreWatch["explain"];
}

/** Answers requests of connections that have shaken hands. */
export class Dispatch {
  readonly #options: DispatchOptions;
  #methods: ReadonlyMap<string, Method> | undefined;

  constructor(options: DispatchOptions) {
    this.#options = options;
  }

  /** Answers one request; every path ends in exactly one final answer. */
  handle(connection: Connection, session: Session, request: Request): void {
    const reply = new Reply(this.#options, connection, request);
    this.#methods ??= this.#options.methods();
    const named = this.#methods.get(request.method);
    // Check this before scopes: the list of methods is no secret, and "missing scope" would mislead.
    if (!named) return reply.fail(unknownMethod(request.method));
    const { dialect } = session;
    reply.dialect = dialect;
    const method = dialect.methodOf(named);
    reply.time(method.name);
    const problem = accessProblem(method, session);
    if (problem) return reply.fail(problem);
    if (connection.inFlight > LIMITS.maxInFlight) return reply.fail(tooMany());
    const given = tidied(method, request.params === undefined ? {} : request.params);
    if (given instanceof GatewayError) return reply.fail(given);
    const { params, ignored } = dialect.readParams(method, given);
    if (ignored.length > 0) this.#noteIgnored(connection, method, ignored);
    const text = validationText(method.params as Schema, params);
    if (text) return reply.fail(invalidRequest(`invalid ${method.name} params: ${text}`));
    const { caller } = session;
    const { signal } = connection.closed;
    const waits = method.access !== "operator.read" && this.#options.replication.isReplicated;
    const call = (to: Responder) =>
      this.#call(method, { params, caller, signal }, waits ? this.#whenReplicated(to) : to);
    if (!method.once) return call(reply);
    const { idempotencyKey } = params as { idempotencyKey: string };
    this.#options.idempotentCalls.run(`${session.caller.principal}\n${method.name}\n${idempotencyKey}`, reply, call);
  }

  #noteIgnored(connection: Connection, { name }: Method, ignored: readonly string[]): void {
    const names = ignored.slice(0, 20).map((each) => each.slice(0, 64));
    this.#options.log.debug("params that the method does not know were ignored", {
      ...{ connId: connection.id, method: name, names: names.join(", ") },
    });
  }

  #call(method: Method, call: Pick<Call<unknown, unknown>, "params" | "caller" | "signal">, to: Responder): void {
    const { gateway } = this.#options;
    try {
      const result = method.handler({ ...call, gateway, ack: (payload) => to.ack(payload) });
      if (!(result instanceof Promise)) return to.done(result);
      result.then(
        (payload) => to.done(payload),
        (error) => to.fail(error),
      );
    } catch (error) {
      to.fail(error);
    }
  }

  /** An answer leaves only after the commit is replicated, where it is. Answers keep their order. */
  #whenReplicated(to: Responder): Responder {
    let before = Promise.resolve();
    const tell = (answer: () => void) => {
      before = before.then(() => this.#options.replication.replicated()).then(answer);
    };
    return {
      ack: (payload) => tell(() => to.ack(payload)),
      done: (payload) => tell(() => to.done(payload)),
      fail: (error) => tell(() => to.fail(error)),
    };
  }
}

/** Where the answers to one request go: to its connection, as frames. */
class Reply implements Responder {
  readonly #options: DispatchOptions;
  readonly #connection: Connection;
  readonly #request: Request;
  /** Bytes that the request takes until its first answer. */
  #heldBytes: number;
  /** How the caller's protocol words refusals. */
  dialect: Pick<Dialect, "missingScope"> | undefined;
  #timed: { readonly method: string; readonly startedAt: number } | undefined;

  constructor(options: DispatchOptions, connection: Connection, request: Request) {
    this.#options = options;
    this.#connection = connection;
    this.#request = request;
    this.#heldBytes = connection.begin();
  }

  /** Tells how long the request took, from now on, when its last answer has been given. */
  time(method: string): void {
    if (!this.#options.calls.isEmpty) this.#timed = { method, startedAt: this.#options.gateway.clock.monotonic() };
  }

  ack(payload: unknown): void {
    this.#connection.send(successFrame(this.#request.id, payload));
    this.#letGo();
  }

  done(payload: unknown): void {
    const { id, method } = this.#request;
    this.#options.log.debug("answered", { connId: this.#connection.id, method, id });
    this.#end(this.#resultFrame(payload));
  }

  fail(error: unknown): void {
    const { id, method } = this.#request;
    const refusal = this.#publicError(error);
    const why = { code: refusal.code, why: refusal.message };
    this.#options.log.debug("refused", { connId: this.#connection.id, method, id, ...why });
    this.#end(failureFrame(id, refusal));
  }

  #end(frame: string): void {
    this.#connection.inFlight--;
    this.#connection.send(frame);
    this.#letGo();
    if (!this.#timed) return;
    const { method, startedAt } = this.#timed;
    const tookMs = this.#options.gateway.clock.monotonic() - startedAt;
    for (const each of this.#options.calls) each.answered(method, tookMs);
  }

  #letGo(): void {
    this.#connection.answered(this.#heldBytes);
    this.#heldBytes = 0;
  }

  /** The frame of a result; one that cannot be serialised is a bug of its method. */
  #resultFrame(payload: unknown): string {
    const { id } = this.#request;
    try {
      return successFrame(id, payload);
    } catch (error) {
      return failureFrame(id, this.#publicError(error));
    }
  }

  /** The one place where an unknown exception becomes an answer. */
  #publicError(error: unknown): GatewayError {
    if (error instanceof GatewayError) {
      const scope = this.dialect && scopeMissingIn(error);
      return scope === undefined ? error : this.dialect!.missingScope(scope);
    }
    const { gateway, explain } = this.#options;
    gateway.machine.met(error);
    return unexpected(explain(error, "a method threw an unexpected error", { method: this.#request.method }));
  }
}

/** What is answered to an error that nobody expected. */
export function unexpected(explanation: Explanation | undefined): GatewayError {
  if (!explanation) return new GatewayError("UNAVAILABLE", "internal error");
  return new GatewayError("UNAVAILABLE", explanation.says, { retryable: explanation.isTransient });
}

function unknownMethod(name: string): GatewayError {
  if (name === "connect") return invalidRequest("connect is only valid as the first request");
  return invalidRequest(`unknown method: ${name.slice(0, 100)}`);
}

function tooMany(): GatewayError {
  const message = `too many requests in flight (${LIMITS.maxInFlight}); wait for answers before sending more`;
  return new GatewayError("UNAVAILABLE", message, { retryable: true, retryAfterMs: 100 });
}

/** A response frame for a success. */
export function successFrame(id: string, payload: unknown): string {
  const json = payload instanceof Serialized ? payload.json : payload === undefined ? undefined : jsonText(payload);
  const head = `{"type":"res","id":${jsonText(id)},"ok":true`;
  return json === undefined ? `${head}}` : `${head},"payload":${json}}`;
}

/** A response frame for an error; a failed run has its payload beside it. */
export function failureFrame(id: unknown, error: GatewayError): string {
  const { code, message, details, retryable, retryAfterMs, payload } = error;
  return jsonText({
    type: "res",
    id,
    ok: false,
    payload,
    error: { code, message, details, retryable, retryAfterMs },
  });
}

/** The params in the declared form; an error when a method says better than the schema what is wrong with them. */
function tidied({ name, tidy }: Method, given: unknown): unknown {
  try {
    return tidy ? tidy(given) : given;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return new GatewayError(error.code, `invalid ${name} params: ${error.message}`);
  }
}
