/** A section of the config file: its schema, its defaults, and what an edit does. */
import type { Static, TArray, TObject, TProperties, TSchema } from "@sinclair/typebox";
import { type ConfigSection, IGNORED, type Issue, isRecord, type Parsed } from "../base/config/config.ts";
import { checkKeysAndAddresses } from "./schema/keys-and-addresses.ts";
import { type Failure, failuresOf, type Schema } from "./schema/validate.ts";

/** A section as the config, the docs and `config.schema` read it. */
export interface SettingsDefinition<T = unknown> extends ConfigSection<T> {
  readonly summary: string;
  readonly schema: TSchema;
}

type Values<Properties extends TProperties> = Static<TObject<Properties>>;
type Given = (name: string) => string | undefined;

/** Defines a section that is a list. */
export function defineListSettings<Item extends TSchema>(definition: {
  readonly path: string;
  readonly summary: string;
  readonly reload: "live" | "restart";
  readonly schema: TArray<Item>;
}): SettingsDefinition<Static<TArray<Item>>> {
  const { path, schema } = definition;
  return { ...definition, parse: (value) => parseSection(path, schema, value ?? []) as Parsed<Static<TArray<Item>>> };
}

/** Defines a section of the config file. Unknown keys are warnings: a file written for a newer version still works. */
export function defineSettings<Properties extends TProperties>(definition: {
  readonly path: string;
  readonly summary: string;
  readonly reload: "live" | "restart";
  needsRestart?(before: Values<Properties>, after: Values<Properties>, given: Given): boolean;
  readonly schema: TObject<Properties>;
}): SettingsDefinition<Static<TObject<Properties>>> {
  const { path, schema } = definition;
  return {
    ...definition,
    parse: (value) => parseSection(path, schema as TSchema, value) as Parsed<Static<TObject<Properties>>>,
  };
}

function parseSection(path: string, schema: TSchema, value: unknown): Parsed<unknown> {
  const filled = withDefaults(schema as Schema, value ?? {});
  // Defaults are checked by a test, not at each start: most files name few sections.
  if (value === undefined) return { value: filled, issues: [], warnings: [] };
  const failures = failuresOf(closed(schema as Schema), filled);
  const isUnknownKey = ({ message }: Failure) => message.startsWith("unexpected property");
  const { value: sound, problems } = checkKeysAndAddresses(schema, filled, path);
  return {
    value: sound,
    issues: toIssues(
      path,
      schema as Schema,
      failures.filter((failure) => !isUnknownKey(failure)),
    ),
    warnings: [...failures.filter(isUnknownKey).map((failure) => unknownKey(path, failure)), ...problems],
  };
}

function dotted(section: string, pointer: string): string {
  return [section, ...pointer.split("/").slice(1)].join(".");
}

/**
 * Turns failures into issues, one for each value. A value that fits no alternative gets one issue that lists what it
 * may be.
 */
function toIssues(section: string, schema: Schema, failures: readonly Failure[]): Issue[] {
  const unfit = failures.filter(({ message }) => message === "must match a schema in anyOf").map(({ path }) => path);
  const others = failures.filter(({ path }) => !unfit.some((value) => path === value || path.startsWith(`${value}/`)));
  return [
    ...unfit.map((path) => ({ path: dotted(section, path), message: `must be one of ${choicesAt(schema, path)}` })),
    ...others.map(({ path, message }) => ({ path: dotted(section, path), message })),
  ];
}

/** What the schema allows at a pointer, as a list for a person. */
function choicesAt(schema: Schema, pointer: string): string {
  let here: Schema | undefined = schema;
  for (const name of pointer.split("/").slice(1)) {
    here = here?.properties?.[name] ?? Object.values(here?.patternProperties ?? {})[0] ?? here?.items;
  }
  const choices = here?.anyOf?.map((choice) => ("const" in choice ? JSON.stringify(choice.const) : choice.type)) ?? [];
  return choices.join(", ");
}

function unknownKey(section: string, { path, message }: Failure): Issue {
  const name = /'(.*)'/.exec(message)?.[1] ?? "";
  return { path: `${dotted(section, path)}.${name}`, message: IGNORED };
}

const closedSchemas = new WeakMap<object, Schema>();

/** Closes every object of a schema that does not say otherwise, so that unknown keys are seen. */
function closed(schema: Schema): Schema {
  const known = closedSchemas.get(schema);
  if (known) return known;
  const copy: Schema = {
    ...schema,
    ...(schema.properties && {
      properties: Object.fromEntries(Object.entries(schema.properties).map(([name, inner]) => [name, closed(inner)])),
      additionalProperties: schema.additionalProperties ?? false,
    }),
    ...(schema.items && { items: closed(schema.items) }),
    ...(schema.patternProperties && {
      patternProperties: Object.fromEntries(
        Object.entries(schema.patternProperties).map(([name, inner]) => [name, closed(inner)]),
      ),
    }),
  };
  closedSchemas.set(schema, copy);
  return copy;
}

/** The value with the schema's defaults where it has nothing. Never changes the value given. */
export function withDefaults(schema: Schema & { readonly default?: unknown }, value: unknown): unknown {
  if (value === undefined) return typeof schema.default === "object" ? structuredClone(schema.default) : schema.default;
  if (!schema.properties || !isRecord(value)) return value;
  const result: Record<string, unknown> = { ...value };
  for (const [name, inner] of Object.entries(schema.properties)) {
    const filled = withDefaults(
      inner,
      value[name] ?? (inner.properties && !("default" in inner) && isRequired(schema, name) ? {} : undefined),
    );
    if (filled !== undefined) result[name] = filled;
  }
  return result;
}

/** Objects that are not optional exist even when the file says nothing of them. */
function isRequired(schema: Schema, name: string): boolean {
  return schema.required?.includes(name) ?? false;
}
