/** A method: its wire schema, who may call it, and what it does, in one value. */
import { type Static, type TObject, type TProperties, type TSchema, Type } from "@sinclair/typebox";
import { jsonText } from "../base/text/well-formed.ts";
import type { Access, Caller } from "./access.ts";
import type { Base } from "./base.ts";
import { IdempotencyKey } from "./schema/schema.ts";

/** What a handler is given; `gateway` is the base, and the services that its slice reaches. */
export interface Call<Params, Ack, Gateway = Base> {
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
  /** Whether hello-ok lists it; a few old methods, and those whose answer is a constant, work unlisted. */
  readonly listed: boolean;
  /** Turns what some clients write in other forms into the declared ones, before they are checked. Must not throw. */
  readonly tidy?: (params: unknown) => unknown;
  /** The method as protocol 3 has it, where that differs; `server/dialect.ts` chooses. */
  readonly three?: Method;
  handler(call: Call<unknown, unknown>): unknown;
}

type Answer<Result> = Result | Serialized;

/** The properties a method declares, with the idempotency key added when it is `once`. */
type ParamsOf<Properties extends TProperties, Once> = Static<TObject<Properties>> &
  (Once extends true ? { idempotencyKey: string } : unknown);

/** What differs in protocol 4: more params, another scope, another answer. Fields that are left out do not differ. */
interface Later<Gateway, Properties extends TProperties, More extends TProperties, Result extends TSchema, Ack, Once> {
  readonly access?: Access;
  /** Params that protocol 3 refuses. */
  readonly params?: More;
  readonly result?: Result;
  readonly handler?: (
    call: Call<ParamsOf<Properties & More, Once>, Ack, Gateway>,
  ) => Answer<Static<Result>> | Promise<Answer<Static<Result>>>;
}

/**
 * Defines a method. `params` are the properties of a closed object; with `open` unknown properties are ignored instead of
 * refused (protocol: requests, methods that check by hand). `once` adds a required `idempotencyKey` and lets a retry join
 * the first call. `four` is what protocol 4 has beyond that. A handler returns the result or throws `GatewayError`; it
 * never sees a socket.
 */
export type DefineMethod<Gateway> = <
  const Name extends string,
  Properties extends TProperties,
  Result extends TSchema,
  Ack extends TSchema = TSchema,
  const Once extends boolean = false,
  More extends TProperties = Record<never, never>,
  Result4 extends TSchema = Result,
>(definition: {
  readonly name: Name;
  readonly summary: string;
  readonly access: Access;
  readonly once?: Once;
  readonly open?: boolean;
  readonly listed?: boolean;
  readonly tidy?: (params: unknown) => unknown;
  readonly params: Properties;
  readonly ack?: Ack;
  readonly result: Result;
  readonly four?: Later<Gateway, Properties, More, Result4, Static<Ack>, Once>;
  readonly handler: (
    call: Call<ParamsOf<Properties, Once>, Static<Ack>, Gateway>,
  ) => Answer<Static<Result>> | Promise<Answer<Static<Result>>>;
}) => Method;

/** `defineMethod` for handlers that reach the base alone. Slices have their own. */
export const defineMethod: DefineMethod<Base> = (definition) => {
  const { four } = definition;
  const properties: TProperties = definition.once
    ? { ...definition.params, idempotencyKey: IdempotencyKey }
    : definition.params;
  const paramsOf = (all: TProperties) => Type.Object(all, { additionalProperties: definition.open ?? false });
  const base: Method = {
    name: definition.name,
    summary: definition.summary,
    access: definition.access,
    once: definition.once ?? false,
    params: paramsOf(properties),
    ack: definition.ack,
    result: definition.result,
    listed: definition.listed ?? true,
    ...(definition.tidy && { tidy: definition.tidy }),
    handler: definition.handler as Method["handler"],
  };
  if (!four) return base;
  return {
    ...base,
    access: four.access ?? base.access,
    params: four.params ? paramsOf({ ...properties, ...mapped(four.params, onlyLater) }) : base.params,
    result: four.result ?? base.result,
    handler: (four.handler as Method["handler"] | undefined) ?? base.handler,
    three: base,
  };
};

function mapped(properties: TProperties, change: (schema: TSchema) => TSchema): TProperties {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, change(schema)]));
}

function onlyLater(schema: TSchema): TSchema {
  return { ...schema, description: [schema.description, "Protocol 4 only."].filter(Boolean).join(" ") };
}

/** A result that has been serialised already; large answers that many ask for are kept in this form. */
export class Serialized {
  readonly json: string;

  constructor(json: string) {
    this.json = json;
  }

  static of(payload: unknown): Serialized {
    return new Serialized(jsonText(payload));
  }
}
