/** Every setting of a section, each with a section in which it alone has another value than by itself. */

import { isRecord } from "../../packages/gateway/src/base/config/config.ts";
import { failuresOf, type Schema } from "../../packages/gateway/src/kit/schema/validate.ts";
import { type SettingsDefinition, withDefaults } from "../../packages/gateway/src/kit/settings.ts";

/** A setting, dotted, and the section that changes it. `*` stands for any name, `[]` for an item. */
export interface Sample {
  readonly path: string;
  readonly section: unknown;
}

/** Texts of every form that a setting asks for; the first that fits is taken. */
const TEXTS = [
  ...[
    "ollama/sample",
    "sample",
    "main",
    "*",
    "/sample",
    "/tmp/sample",
    "http://127.0.0.1:9/sample",
    "ws://127.0.0.1:9/sample",
    "https://example.com/sample",
  ],
  ...["127.0.0.1:9", "+4915112345678", "mailto:me@example.com", "me@example.com", "07:30", "23:00", "30m", "en", "de"],
  ...["{body}", "Europe/Berlin", "0 7 * * *", "a".repeat(64), "sample/model", "sample:1"],
];
/** A record takes whatever name fits its schema. */
const NAMES = ["sample", "main", "direct", "telegram", "+4915112345678", "07:30"];

/** Every setting of the section. Throws when no value fits one: then this file lacks a text or a name. */
export function samplesOf({ path, schema, parse }: SettingsDefinition): Sample[] {
  const isFit = (section: unknown) => {
    const { issues, warnings } = parse(section);
    return issues.length === 0 && warnings.length === 0;
  };
  return leavesOf(schema as Schema, []).map(({ steps, leaf }) => {
    const name = [path, ...steps.map(({ name }) => name)].join(".");
    for (const value of valuesOf(leaf))
      for (const key of steps.some(({ name }) => name === "*") ? NAMES : [""])
        for (const isWhole of [false, true]) {
          const section = placed(value, { schema: schema as Schema, steps, key, isWhole });
          if (isFit(section)) return { path: name, section };
        }
    throw new Error(`no value fits ${name}: ${JSON.stringify(leaf)}`);
  });
}

interface Step {
  readonly name: string;
  /** What stands at the place that the step leads to. */
  readonly schema: Schema;
}

/** The places that hold no further place. */
function leavesOf(schema: Schema, steps: readonly Step[]): { steps: readonly Step[]; leaf: Schema }[] {
  const further = (name: string, inner: Schema) => leavesOf(inner, [...steps, { name, schema: inner }]);
  const inner = [
    ...Object.entries(schema.properties ?? {}),
    ...Object.values(schema.patternProperties ?? {}).map((each) => ["*", each] as const),
    ...(schema.items ? ([["[]", schema.items]] as const) : []),
  ];
  const choices = (schema.anyOf ?? []).filter(({ properties, patternProperties, items }) =>
    [properties, patternProperties, items].some((each) => each !== undefined),
  );
  const found = [
    ...inner.flatMap(([name, each]) => further(name, each)),
    ...choices.flatMap((each) => leavesOf(each, steps)),
  ];
  return found.length > 0 ? found : [{ steps, leaf: schema }];
}

/** Values for a leaf, none of which is what it has by itself. A secret is no word that stands elsewhere, where it would be hidden. */
function valuesOf(schema: Schema & { readonly default?: unknown; readonly format?: string }): unknown[] {
  const { default: usual, format = "", minimum = 0, maximum = 1_000_000 } = schema;
  if (format.startsWith("secret")) return ["a-secret-of-0123456789"];
  const consts = (schema.anyOf ?? [schema]).flatMap((each) => ("const" in each ? [each.const] : []));
  const types = (schema.anyOf ?? [schema]).map(({ type }) => type);
  const numbers = [minimum + 1, minimum, maximum].filter((each) => each <= maximum);
  const all = [
    ...consts,
    ...(types.includes("boolean") ? [true, false] : []),
    ...(types.some((type) => type === "integer" || type === "number") ? numbers : []),
    ...(types.includes("array") ? [["sample"]] : []),
    ...(types.includes("object") ? [{ sample: "sample" }, {}] : []),
    ...TEXTS,
    ...(types.includes(undefined) ? [{ sample: true }] : []),
  ];
  return all.filter((each) => each !== usual && (schema.type === undefined || failuresOf(schema, each).length === 0));
}

interface Where {
  readonly schema: Schema;
  readonly steps: readonly Step[];
  /** The name that stands for `*`. */
  readonly key: string;
  /** Whether required neighbours are there, too. Those that have defaults need not be. */
  readonly isWhole: boolean;
}

/** A section with the value at the end of the steps, and what else must be there for it. */
function placed(value: unknown, { schema, steps, key, isWhole }: Where): unknown {
  const [step, ...rest] = steps;
  if (!step) return value;
  const inner = placed(value, { schema: step.schema, steps: rest, key, isWhole });
  if (step.name === "[]") return [inner];
  const { properties = {}, required = [] } =
    (schema.properties ? schema : schema.anyOf?.find((each) => each.properties?.[step.name])) ?? {};
  const needed = required.filter((name) => isWhole && withDefaults(properties[name]!, undefined) === undefined);
  const others = needed.map((name) => [name, exampleOf(properties[name]!)] as const);
  return { ...Object.fromEntries(others), [step.name === "*" ? key : step.name]: inner };
}

/** A value that a required neighbour may have. */
function exampleOf(schema: Schema): unknown {
  const { properties, required = [] } = schema.properties
    ? schema
    : (schema.anyOf?.find((e) => e.properties) ?? schema);
  if (properties) return Object.fromEntries(required.map((name) => [name, exampleOf(properties[name]!)] as const));
  if (schema.items) return [exampleOf(schema.items)];
  return valuesOf(schema).find((each) => !isRecord(each));
}
