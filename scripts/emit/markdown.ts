/** The protocol reference for people who write clients: the template's prose, with tables read off the definitions. */
import { readFileSync } from "node:fs";
import { LIMITS } from "../../packages/gateway/src/server/limits.ts";
import { ERROR_CODES } from "../../packages/protocol/src/errors.ts";
import {
  type EventEntry,
  type JsonSchema,
  kindOf,
  type MethodEntry,
  nameOf,
  type ProtocolDocument,
} from "./json-schema.ts";

/** `docs/protocol.md`. Throws when the template names something that does not exist. */
export function protocolReference(document: ProtocolDocument): string {
  const { methods, events, definitions } = document;
  const parts: Record<string, string> = {
    "method-index": methods.map(({ name }) => linkTo(name)).join(" · "),
    "event-index": events.map(({ name }) => linkTo(name, methods)).join(" · "),
    "handshake-seconds": String(LIMITS.handshakeMs / 1000),
    "tick-seconds": String(LIMITS.tickIntervalMs / 1000),
    errors: errorTable(),
    limits: limitTable(),
    methods: methods.map((method) => methodSection(method, definitions)).join("\n\n"),
    events: events.map((event) => eventSection(event, definitions)).join("\n\n"),
    types: typeSections(document),
  };
  const template = readFileSync(new URL("./protocol.template.md", import.meta.url), "utf8");
  return template.replace(/\{\{(?:table:(\w+)|([\w-]+))\}\}/g, (place, type?: string, part?: string) => {
    const text = type ? definitions[type] && fieldTable(definitions[type], "field") : parts[part ?? ""];
    if (text === undefined) throw new Error(`the template names ${place}, which does not exist`);
    return text;
  });
}

/** A link to a heading; an event that shares its name with a method has the second heading of that name. */
function linkTo(name: string, earlier: readonly { name: string }[] = []): string {
  const isSecond = earlier.some((other) => other.name === name);
  return `[\`${name}\`](#${name.toLowerCase().replaceAll(".", "")}${isSecond ? "-1" : ""})`;
}

function errorTable(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, { when, retry }]) => [
    `\`${code}\``,
    when,
    retry ? "yes" : "no",
  ]);
  return table(["code", "when", "retry as it is"], rows);
}

function limitTable(): string {
  const mib = (bytes: number) => `${bytes / 1024 / 1024} MiB`;
  return table(
    ["limit", "value"],
    [
      ["a message before `hello-ok`", `${LIMITS.preAuthPayload / 1024} KiB`],
      ["a message after it (`policy.maxPayload`)", mib(LIMITS.maxPayload)],
      ["what may wait for you to read it (`policy.maxBufferedBytes`)", mib(LIMITS.maxBufferedBytes)],
      ["requests of a connection that wait for an answer", String(LIMITS.maxInFlight)],
      ["from opening the socket to `hello-ok`", `${LIMITS.handshakeMs / 1000} s`],
    ],
  );
}

type Schemas = ProtocolDocument["definitions"];

function methodSection(method: MethodEntry, definitions: Schemas): string {
  const schemaOf = ({ $ref }: { $ref: string }) => definitions[nameOf({ $ref })] ?? {};
  const params = schemaOf(method.params);
  const facts = [
    `Access: \`${method.access}\`${method.accessV3 === undefined ? "" : ` (protocol 3: \`${method.accessV3}\`)`}`,
    ...(method.once ? ["*once*: a retry with the same `idempotencyKey` joins the first call"] : []),
    ...(method.twoStage ? ["answers twice"] : []),
    ...(method.listed ? [] : ["works, but is not listed in `hello-ok`"]),
    ...(params.additionalProperties === true ? ["ignores unknown parameters"] : []),
  ];
  return [
    `### ${method.name}`,
    method.summary,
    `${facts.join(" · ")}.`,
    labelled("Parameters:", params, "parameter"),
    ...(method.ack ? [labelled("First answer:", schemaOf(method.ack), "field")] : []),
    labelled(method.ack ? "Last answer:" : "Answer:", schemaOf(method.result), "field"),
  ].join("\n\n");
}

function eventSection(event: EventEntry, definitions: Schemas): string {
  const facts = [
    `To: ${AUDIENCES[event.audience] ?? `operators with \`${event.audience}\``}`,
    WHEN_SLOW[event.whenSlow],
    ...(event.stateVersion ? ["carries `stateVersion`"] : []),
  ];
  return [
    `### ${event.name}`,
    event.summary,
    `${facts.join(" · ")}.`,
    labelled("Payload:", definitions[nameOf(event.payload)] ?? {}, "field"),
  ].join("\n\n");
}

const AUDIENCES: Readonly<Record<string, string>> = {
  everyone: "every connection, nodes too",
  directed: "the one connection it concerns, without `seq`",
};

const WHEN_SLOW: Readonly<Record<EventEntry["whenSlow"], string>> = {
  drop: "a slow reader misses it",
  close: "a reader that is too slow for it is closed",
  varies: "whether a slow reader misses it or is closed depends on the payload",
};

/** The types that methods and events share, and those that the frames are made of. */
function typeSections(document: ProtocolDocument): string {
  const inFrames = ["ErrorShape", "PresenceEntry", "Snapshot", "StateVersion"];
  const names = Object.keys(document.definitions).filter(
    (name) => kindOf(name, document) === "shared" || inFrames.includes(name),
  );
  return names
    .sort()
    .map((name) => {
      const schema = document.definitions[name] ?? {};
      const about = schema.description ? [schema.description] : [];
      return [`### Type ${name}`, ...about, described(schema, "field")].join("\n\n");
    })
    .join("\n\n");
}

/** What something is, after a label: on the same line when it is short. */
function labelled(label: string, schema: JsonSchema, heading: string): string {
  const text = described(schema, heading);
  return text.includes("\n") ? `${label}\n\n${text}` : `${label} ${text}`;
}

/** A schema as a table of its fields, or as one line when it has none. */
function described(schema: JsonSchema, heading: string): string {
  if (fieldsOf(schema, "").length > 0) return fieldTable(schema, heading);
  return schema.properties ? "none." : `${typeText(schema)}.`;
}

function fieldTable(schema: JsonSchema, heading: string): string {
  const fields = fieldsOf(schema, "");
  const isExplained = fields.some(({ about }) => about !== "");
  const rows = fields.map(({ path, type, about }) => [`\`${path}\``, type, ...(isExplained ? [about] : [])]);
  const lead = schema.properties ? "" : `${typeText(schema)}:\n\n`;
  return lead + table([heading, "type", ...(isExplained ? [""] : [])], rows);
}

interface FieldRow {
  readonly path: string;
  readonly type: string;
  readonly about: string;
}

/** The properties of an object and, below each, those of the objects written out inside it. */
function fieldsOf(schema: JsonSchema, path: string): FieldRow[] {
  if (schema.anyOf) return schema.anyOf.flatMap((branch) => (branch.$ref ? [] : fieldsOf(branch, path)));
  if (schema.items) return schema.items.$ref ? [] : fieldsOf(schema.items, `${path}[]`);
  if (typeof schema.additionalProperties === "object") return fieldsOf(schema.additionalProperties, dotted(path, "*"));
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const own = dotted(path, name);
    const mark = schema.required?.includes(name) ? "" : "?";
    const row = { path: own + mark, type: typeText(inner), about: inner.description ?? "" };
    return inner.$ref ? [row] : [row, ...fieldsOf(inner, own)];
  });
}

function dotted(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function typeText(schema: JsonSchema): string {
  if (schema.$ref !== undefined) return typeLink(nameOf({ $ref: schema.$ref }));
  if ("const" in schema) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((value) => `\`"${value}"\``).join(", ");
  if (schema.anyOf) return unionText(schema.anyOf);
  if (schema.type === "array") return listText(schema);
  if (schema.type === "object" && typeof schema.additionalProperties === "object")
    return `object of ${typeText(schema.additionalProperties)}`;
  if (schema.type === "string") return stringText(schema);
  return `${schema.type ?? "any JSON"}${rangeText(schema.minimum, schema.maximum)}`;
}

function unionText(branches: readonly JsonSchema[]): string {
  const texts = [...new Set(branches.map(typeText))];
  return texts.includes("any JSON") ? "any JSON" : texts.join(" or ");
}

function listText({ items = {}, minItems, maxItems }: JsonSchema): string {
  const bounds = [
    ...(minItems === undefined ? [] : [`at least ${minItems}`]),
    ...(maxItems === undefined ? [] : [`at most ${maxItems}`]),
  ];
  return [`list of ${typeText(items)}`, ...bounds].join(", ");
}

function stringText({ minLength, maxLength }: JsonSchema): string {
  return minLength === 1 && maxLength === undefined ? "non-empty string" : `string${rangeText(minLength, maxLength)}`;
}

function rangeText(least: number | undefined, most: number | undefined): string {
  if (most === undefined) return least === undefined ? "" : ` ≥ ${least}`;
  return least === undefined ? ` ≤ ${most}` : ` ${least}–${most}`;
}

function typeLink(name: string): string {
  return `[${name}](#type-${name.toLowerCase()})`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}
