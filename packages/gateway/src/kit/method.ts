/** A method: its wire schema, who may call it, and what it does, in one value. */
import { type Static, type TObject, type TProperties, type TSchema, Type } from "@sinclair/typebox";
import type { Gateway } from "../gateway.ts";
import type { Access, Caller } from "./access.ts";
import { IdempotencyKey } from "./schema.ts";

/** What a handler is given. */
export interface Call<Params, Ack> {
  readonly params: Params;
  readonly gateway: Gateway;
  readonly caller: Caller;
  /** Sends the first of two answers; only methods that declare `ack` have it. */
  ack(payload: Ack): void;
  /** Aborts when the caller's connection ends. Work that must outlive the caller ignores it. */
  readonly signal: AbortSignal;
}

/** A method as the server, the generators and the tests read it. */
export interface Method {
  readonly name: string;
  readonly summary: string;
  readonly access: Access;
  readonly once: boolean;
  readonly params: TObject;
  readonly ack: TSchema | undefined;
  readonly result: TSchema;
  /** Whether hello-ok lists it; a few old methods work unlisted. */
  readonly listed: boolean;
  handler(call: Call<unknown, unknown>): unknown;
}

type Answer<Result> = Result | Serialized;

/** The properties a method declares, with the idempotency key added when it is `once`. */
type ParamsOf<Properties extends TProperties, Once> = Static<TObject<Properties>> &
  (Once extends true ? { idempotencyKey: string } : unknown);

/**
 * Defines a method. `params` are the properties of a closed object; with `open` unknown properties are ignored instead of
 * refused (protocol: requests, methods that check by hand). `once` adds a required `idempotencyKey` and lets a retry join
 * the first call. A handler returns the result or throws `GatewayError`; it never sees a socket.
 */
export function defineMethod<
  const Name extends string,
  Properties extends TProperties,
  Result extends TSchema,
  Ack extends TSchema = TSchema,
  const Once extends boolean = false,
>(definition: {
  readonly name: Name;
  readonly summary: string;
  readonly access: Access;
  readonly once?: Once;
  readonly open?: boolean;
  readonly listed?: boolean;
  readonly params: Properties;
  readonly ack?: Ack;
  readonly result: Result;
  handler(
    call: Call<ParamsOf<Properties, Once>, Static<Ack>>,
  ): Answer<Static<Result>> | Promise<Answer<Static<Result>>>;
}): Method {
  const properties: TProperties = definition.once
    ? { ...definition.params, idempotencyKey: IdempotencyKey }
    : definition.params;
  return {
    name: definition.name,
    summary: definition.summary,
    access: definition.access,
    once: definition.once ?? false,
    params: Type.Object(properties, { additionalProperties: definition.open ?? false }),
    ack: definition.ack,
    result: definition.result,
    listed: definition.listed ?? true,
    handler: definition.handler as Method["handler"],
  };
}

/** A result that has been serialised already; large answers that many ask for are kept in this form. */
export class Serialized {
  readonly json: string;

  constructor(payload: unknown) {
    this.json = JSON.stringify(payload);
  }
}
