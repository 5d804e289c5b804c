/** Looks up one place of the settings' schema, and its children (protocol: config.schema.lookup). */
import { defined } from "../../../base/defined.ts";
import { invalidRequest } from "../../../base/errors.ts";
import type { Schema } from "../../../kit/schema/validate.ts";

/** A place below another one. */
export interface Child {
  readonly key: string;
  readonly path: string;
  readonly type?: string;
  readonly required: boolean;
  readonly hasChildren: boolean;
  readonly help?: string;
}

/** Sections by name, each with its schema. */
type Schemas = ReadonlyMap<string, Schema>;

/**
 * Looks up a dotted path; "" is the whole file, "*" or a number stands for any key or index. Throws `INVALID_REQUEST` when
 * no such setting exists.
 */
export function lookUp(path: string, schemas: Schemas): { path: string; schema: Schema; children: Child[] } {
  const words = path
    .replace(/\[(\d*|\*)\]/g, ".$1")
    .split(".")
    .filter((word) => word !== "");
  let schema: Schema = { type: "object", properties: Object.fromEntries(schemas) };
  for (const word of words) {
    const below = insideOf(schema, word);
    if (!below)
      throw invalidRequest(`there is no setting ${JSON.stringify(path.slice(0, 200))}; config.schema shows all`);
    schema = below;
  }
  const at = words.join(".");
  return { path: at, schema: words.length === 0 ? { type: "object" } : schema, children: childrenOf(schema, at) };
}

function insideOf(schema: Schema, word: string): Schema | undefined {
  for (const { properties = {}, patternProperties = {}, items } of alternatives(schema)) {
    if (Object.hasOwn(properties, word)) return properties[word];
    const [ofMap] = Object.values(patternProperties);
    if (ofMap) return ofMap;
    if (items && /^(?:\d+|\*)$/.test(word)) return items;
  }
  return undefined;
}

function childrenOf(schema: Schema, at: string): Child[] {
  return alternatives(schema).flatMap(({ properties = {}, patternProperties = {}, items, required = [] }) => {
    const named = Object.entries(properties).map(([key, child]) => childOf(key, at, child, required.includes(key)));
    const others = [...Object.values(patternProperties), ...(items ? [items] : [])];
    return [...named, ...others.map((child) => childOf("*", at, child, false))];
  });
}

function childOf(key: string, at: string, schema: Schema, required: boolean): Child {
  const { description } = schema as { description?: string };
  return {
    key,
    path: at === "" ? key : `${at}.${key}`,
    ...defined({ type: schema.type }),
    required,
    hasChildren: childrenOf(schema, "").length > 0,
    ...defined({ help: description }),
  };
}

function alternatives(schema: Schema): readonly Schema[] {
  return schema.anyOf ? schema.anyOf.flatMap(alternatives) : [schema];
}
