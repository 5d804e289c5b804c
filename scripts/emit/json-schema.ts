/** The protocol as one JSON Schema document (draft-07), read off the definitions. The other emitters read only this. */
import { globSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { SLICES } from "../../packages/gateway/src/catalog.ts";
import * as frames from "../../packages/gateway/src/kit/schema/frames.ts";
import { byArea } from "../../packages/gateway/src/kit/slice.ts";

/** JSON Schema, of the keywords that our definitions use. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: "string" | "number" | "integer" | "boolean" | "null" | "array" | "object";
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

type Reference = { readonly $ref: string };

/** A row of the method table. `params`, `ack` and `result` point into the definitions. */
export interface MethodEntry {
  readonly name: string;
  /** What the method is about: the slice that owns it, or the area that this slice shares with others. */
  readonly area: string;
  readonly summary: string;
  readonly access: string;
  /** The access that protocol 3 asks for, where it differs. */
  readonly accessV3?: string;
  readonly once: boolean;
  readonly twoStage: boolean;
  readonly listed: boolean;
  readonly params: Reference;
  readonly ack?: Reference;
  readonly result: Reference;
}

/** A row of the event table. `whenSlow` is "varies" where it depends on the payload. */
export interface EventEntry {
  readonly name: string;
  readonly area: string;
  readonly summary: string;
  readonly audience: string;
  readonly whenSlow: "drop" | "close" | "varies";
  readonly stateVersion: boolean;
  readonly payload: Reference;
}

/** `schema.json`. */
export interface ProtocolDocument {
  readonly $schema: string;
  readonly title: string;
  readonly description: string;
  readonly protocolVersions: readonly number[];
  readonly methods: readonly MethodEntry[];
  readonly events: readonly EventEntry[];
  readonly definitions: Readonly<Record<string, JsonSchema>>;
}

/** What a definition is for; the emitters treat each kind in its own section. */
export type DefinitionKind = "frame" | "method" | "event" | "shared";

const FRAMES: Readonly<Record<string, { schema: object; about: string }>> = {
  ConnectChallengeEvent: {
    schema: frames.ConnectChallenge,
    about: "What the gateway says first: the nonce that a device signs. Good for this connection only.",
  },
  ConnectParams: { schema: frames.ConnectParams4, about: "Parameters of `connect`, the first request." },
  ConnectParamsV3: { schema: frames.ConnectParams3, about: "Parameters of `connect` from a client of protocol 3." },
  HelloOk: { schema: frames.HelloOk, about: "The answer to a `connect` that was let in." },
  RequestFrame: { schema: frames.RequestFrame4, about: "A call. The client chooses `id`; answers carry it back." },
  RequestFrameV3: { schema: frames.RequestFrame3, about: "A call from a client of protocol 3." },
  ResponseFrame: {
    schema: frames.ResponseFrame,
    about: "An answer. A failed one has `error`, and may carry `payload` beside it.",
  },
  EventFrame: {
    schema: frames.EventFrame,
    about: "News. `seq` counts per connection; a jump means that something was not delivered and never will be.",
  },
  ErrorShape: { schema: frames.ErrorShape, about: "Why a request failed." },
  PresenceEntry: { schema: frames.PresenceEntry, about: "One row of who is connected." },
  Snapshot: { schema: frames.Snapshot, about: "The state at the moment of connecting; calls and events refresh it." },
  StateVersion: {
    schema: frames.StateVersion,
    about: "How often presence and health have changed since the gateway started.",
  },
};

/** Names that are older than the rule that derives them. */
const HISTORIC: Readonly<Record<string, string>> = { "agent.identity.get": "AgentIdentity" };

/** `device.pair.approve` → `DevicePairApprove`. */
export function typeName(wireName: string): string {
  return HISTORIC[wireName] ?? wireName.split(/[.-]/).map(capital).join("");
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

/** The name that a reference points to. */
export function nameOf({ $ref }: Reference): string {
  return $ref.slice("#/definitions/".length);
}

/** Where a definition belongs. */
export function kindOf(name: string, { methods, events }: ProtocolDocument): DefinitionKind {
  if (name === "GatewayFrame" || Object.hasOwn(FRAMES, name)) return "frame";
  if (methods.some(({ params, ack, result }) => [params, ack, result].some((ref) => ref && nameOf(ref) === name)))
    return "method";
  return events.some(({ payload }) => nameOf(payload) === name) ? "event" : "shared";
}

/** Builds the document from the catalog, the frames, and what the slices' `schema.ts` files export by name. */
export async function protocolDocument(): Promise<ProtocolDocument> {
  const definitions = new Definitions(await sharedSchemas());
  for (const [name, { schema, about }] of Object.entries(FRAMES)) definitions.add(name, schema, about);
  const gatewayFrame = {
    description: "Anything that may be on the wire; `type` tells which.",
    anyOf: ["RequestFrame", "ResponseFrame", "EventFrame"].map(refTo),
  };
  const methods = byArea(SLICES, (slice) => slice.methods).map(
    ({ area, definition: { name, summary, access, listed, params, ack, result, three } }): MethodEntry => {
      const type = typeName(name);
      // Not the definition's own `once`: a slice may know its retries itself, for longer than the server does.
      const once = params.required?.includes("idempotencyKey") ?? false;
      return {
        ...{ name, area, summary, access },
        ...(three && three.access !== access && { accessV3: three.access }),
        ...{ once, twoStage: ack !== undefined, listed },
        params: definitions.add(`${type}Params`, params as SourceSchema, `Parameters of \`${name}\`.`),
        ...(ack && {
          ack: definitions.add(`${type}Ack`, ack as SourceSchema, `The first of two answers to \`${name}\`.`),
        }),
        result: definitions.add(`${type}Result`, result as SourceSchema, `The answer to \`${name}\`.`),
      };
    },
  );
  const events = byArea(SLICES, (slice) => slice.events).map(
    ({ area, definition: { name, summary, audience, whenSlow, stateVersion, payload } }): EventEntry => ({
      ...{ name, area, summary, audience, stateVersion },
      whenSlow: typeof whenSlow === "function" ? "varies" : whenSlow,
      payload: definitions.add(`${typeName(name)}Event`, payload, `Payload of the event \`${name}\`.`),
    }),
  );
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "moltbot gateway protocol",
    description: "Generated from the gateway's definitions by `npm run generate`.",
    protocolVersions: [3, 4],
    methods,
    events,
    definitions: { GatewayFrame: gatewayFrame, ...definitions.all() },
  };
}

function refTo(name: string): Reference {
  return { $ref: `#/definitions/${name}` };
}

/** The schemas that slices export from `schema.ts`, under their export names. */
async function sharedSchemas(): Promise<Map<string, object>> {
  const shared = new Map<string, object>();
  const slicesDir = join(import.meta.dirname, "../../packages/gateway/src/slices");
  const files = globSync("*/*/schema.ts", { cwd: slicesDir });
  for (const { name: slice } of SLICES) {
    const file = files.find((path) => basename(dirname(path)) === slice);
    if (file === undefined) continue;
    const exports: Record<string, unknown> = await import(pathToFileURL(join(slicesDir, file)).href);
    for (const [name, value] of Object.entries(exports)) {
      if (typeof value !== "object" || value === null || !insidesOf(value)) continue;
      if (shared.has(name)) throw new Error(`two slices export a schema named ${name}; rename the one in ${slice}`);
      shared.set(name, value);
    }
  }
  return shared;
}

/** What a named schema is recognised by: making it optional copies it, but not its insides. */
function insidesOf(schema: SourceSchema): object | undefined {
  return schema.properties ?? schema.anyOf ?? schema.allOf;
}

function identityOf(schema: SourceSchema): object {
  return insidesOf(schema) ?? schema;
}

interface SourceSchema extends Omit<JsonSchema, "properties" | "anyOf" | "items" | "additionalProperties"> {
  readonly properties?: Readonly<Record<string, SourceSchema>>;
  readonly anyOf?: readonly SourceSchema[];
  readonly allOf?: readonly SourceSchema[];
  readonly items?: SourceSchema;
  readonly additionalProperties?: boolean | SourceSchema;
  readonly patternProperties?: Readonly<Record<string, SourceSchema>>;
}

/** The definitions as they grow: a named schema becomes one when something first refers to it. */
class Definitions {
  readonly #names = new Map<object, string>();
  readonly #done = new Map<string, { source: SourceSchema; schema: JsonSchema }>();

  constructor(shared: ReadonlyMap<string, object>) {
    const frameSchemas = Object.entries(FRAMES).map(([name, { schema }]) => [name, schema] as const);
    for (const [name, schema] of [...frameSchemas, ...shared]) {
      const insides = insidesOf(schema);
      if (insides && !this.#names.has(insides)) this.#names.set(insides, name);
    }
  }

  /** Defines `name`, as a reference when the schema has a name of its own. `about` is its default description. */
  add(name: string, source: SourceSchema, about?: string): Reference {
    const known = this.#done.get(name);
    if (known && identityOf(known.source) !== identityOf(source))
      throw new Error(`two different schemas are named ${name}`);
    if (!known) {
      this.#done.set(name, { source, schema: {} });
      const own = this.#nameOf(source);
      const schema = own === name ? this.#insides(source) : this.#convert(source);
      this.#done.set(name, { source, schema: { ...(about && { description: about }), ...schema } });
    }
    return refTo(name);
  }

  /** All definitions, sorted by name. */
  all(): Record<string, JsonSchema> {
    return Object.fromEntries(
      [...this.#done].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, d]) => [name, d.schema]),
    );
  }

  #nameOf(source: SourceSchema): string | undefined {
    const insides = insidesOf(source);
    return insides && this.#names.get(insides);
  }

  #convert(source: SourceSchema): JsonSchema {
    const name = this.#nameOf(source);
    if (name === undefined) return this.#insides(source);
    return this.#done.has(name) ? refTo(name) : this.add(name, source);
  }

  /** The schema without names at its top, in the one form the emitters know: no intersections, no pattern keys. */
  #insides(source: SourceSchema): JsonSchema {
    if (source.allOf) return this.#insides(intersection(source));
    const { description, type, properties, required, anyOf, items, additionalProperties, patternProperties } = source;
    const values = anyOf && stringsOf(anyOf);
    const rest = patternProperties ? Object.values(patternProperties)[0] : additionalProperties;
    return {
      ...(description && { description }),
      ...(values ? { type: "string", enum: values } : type && { type }),
      ...("const" in source && { const: source.const }),
      ...(anyOf && !values && { anyOf: anyOf.map((branch) => this.#convert(branch)) }),
      ...(properties && { properties: mapValues(properties, (inner) => this.#convert(inner)) }),
      ...(required && required.length > 0 && { required }),
      ...(rest !== undefined && { additionalProperties: typeof rest === "object" ? this.#convert(rest) : rest }),
      ...(items && { items: this.#convert(items) }),
      ...limitsOf(source),
    };
  }
}

const LIMITS = ["minLength", "maxLength", "pattern", "minimum", "maximum", "minItems", "maxItems"] as const;

function limitsOf(source: SourceSchema): Partial<JsonSchema> {
  return Object.fromEntries(LIMITS.filter((key) => source[key] !== undefined).map((key) => [key, source[key]]));
}

/** The values of a union of string constants; undefined when it is another union. */
function stringsOf(branches: readonly SourceSchema[]): string[] | undefined {
  const values = branches.map((branch) => branch.const);
  return values.every((value) => typeof value === "string") ? values : undefined;
}

/** One object with the properties of all. */
function intersection({ allOf = [], description }: SourceSchema): SourceSchema {
  const parts = allOf.map((part) => (part.allOf ? intersection(part) : part));
  return {
    ...(description && { description }),
    type: "object",
    properties: Object.assign({}, ...parts.map((part) => part.properties)),
    required: parts.flatMap((part) => part.required ?? []),
  };
}

/** Changes each value of a record and keeps its keys. */
export function mapValues<From, To>(record: Readonly<Record<string, From>>, change: (value: From) => To) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
