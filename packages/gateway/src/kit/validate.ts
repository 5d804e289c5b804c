/**
 * Checks a value against a JSON Schema and says what is wrong in the protocol's words (protocol: validation text),
 * which are those of the Ajv library: all errors, no coercion, no defaults. Written for the keywords that our
 * definitions use, it needs no code generation, so a method costs nothing until it is first called.
 */

/** A JSON Schema of the subset that definitions use. */
export interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** One failing rule: `path` is a JSON pointer, "" at the root. */
export interface Failure {
  readonly path: string;
  readonly message: string;
}

type Rule = (value: unknown, path: string, failures: Failure[]) => void;

const compiled = new WeakMap<object, Rule>();

/** All failing rules of `value`, in the order of the protocol's texts; empty when it is valid. */
export function failuresOf(schema: Schema, value: unknown): Failure[] {
  const failures: Failure[] = [];
  ruleOf(schema)(value, "", failures);
  return failures;
}

/** The validation text: each failing rule once, joined by "; ". Undefined when the value is valid. */
export function validationText(schema: Schema, value: unknown): string | undefined {
  const failures = failuresOf(schema, value);
  if (failures.length === 0) return undefined;
  return [...new Set(failures.map(describe))].join("; ");
}

function describe({ path, message }: Failure): string {
  if (message.startsWith("unexpected property")) return `at ${path || "root"}: ${message}`;
  return path ? `at ${path}: ${message}` : message;
}

function ruleOf(schema: Schema): Rule {
  const known = compiled.get(schema);
  if (known) return known;
  const rule = compile(schema);
  compiled.set(schema, rule);
  return rule;
}

function compile(schema: Schema): Rule {
  const typeRules: Rule[] = [];
  if (schema.type === "string") typeRules.push(...stringRules(schema));
  if (schema.type === "integer" || schema.type === "number") typeRules.push(...numberRules(schema));
  if (schema.type === "array") typeRules.push(...arrayRules(schema));
  if (schema.type === "object") typeRules.push(...objectRules(schema));
  const anyRules = [...constRules(schema), ...anyOfRules(schema)];
  const hasType = schema.type === undefined ? undefined : TYPES[schema.type];
  if (schema.type !== undefined && !hasType) throw new Error(`schema type ${schema.type} is not supported`);
  return (value, path, failures) => {
    if (hasType && !hasType(value)) failures.push({ path, message: `must be ${schema.type}` });
    else for (const rule of typeRules) rule(value, path, failures);
    for (const rule of anyRules) rule(value, path, failures);
  };
}

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number" && Number.isFinite(value),
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
  array: Array.isArray,
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

function check(isValid: (value: never) => boolean, message: string): Rule {
  return (value, path, failures) => {
    if (!isValid(value as never)) failures.push({ path, message });
  };
}

const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function stringRules({ maxLength, minLength, pattern }: Schema): Rule[] {
  const rules: Rule[] = [];
  if (maxLength !== undefined) {
    rules.push(
      check(
        (text: string) => isLengthAtMost(text, maxLength),
        `must NOT have more than ${plural(maxLength, "character")}`,
      ),
    );
  }
  if (minLength !== undefined) {
    rules.push(
      check(
        (text: string) => !isLengthAtMost(text, minLength - 1),
        `must NOT have fewer than ${plural(minLength, "character")}`,
      ),
    );
  }
  if (pattern !== undefined) {
    const expression = new RegExp(pattern, "u");
    rules.push(check((text: string) => expression.test(text), `must match pattern "${pattern}"`));
  }
  return rules;
}

/** JSON Schema counts code points; most texts are decided by their UTF-16 length alone. */
function isLengthAtMost(text: string, limit: number): boolean {
  if (text.length <= limit) return true;
  if (text.length > limit * 2) return false;
  return [...text].length <= limit;
}

function numberRules({ maximum, minimum }: Schema): Rule[] {
  const rules: Rule[] = [];
  if (maximum !== undefined) rules.push(check((n: number) => n <= maximum, `must be <= ${maximum}`));
  if (minimum !== undefined) rules.push(check((n: number) => n >= minimum, `must be >= ${minimum}`));
  return rules;
}

function arrayRules({ maxItems, minItems, items }: Schema): Rule[] {
  const rules: Rule[] = [];
  if (maxItems !== undefined)
    rules.push(check((a: unknown[]) => a.length <= maxItems, `must NOT have more than ${plural(maxItems, "item")}`));
  if (minItems !== undefined)
    rules.push(check((a: unknown[]) => a.length >= minItems, `must NOT have fewer than ${plural(minItems, "item")}`));
  if (items) {
    const rule = ruleOf(items);
    rules.push((value, path, failures) => {
      for (const [index, item] of (value as unknown[]).entries()) rule(item, `${path}/${index}`, failures);
    });
  }
  return rules;
}

function objectRules({ required = [], properties = {}, additionalProperties, patternProperties = {} }: Schema): Rule[] {
  const patterns = Object.entries(patternProperties).map(
    ([pattern, schema]) => [new RegExp(pattern, "u"), ruleOf(schema)] as const,
  );
  const known = new Map(Object.entries(properties).map(([name, schema]) => [name, ruleOf(schema)]));
  const rest = typeof additionalProperties === "object" ? ruleOf(additionalProperties) : undefined;
  return [
    (value, path, failures) => {
      for (const name of required) {
        if (!Object.hasOwn(value as object, name))
          failures.push({ path, message: `must have required property '${name}'` });
      }
    },
    (value, path, failures) => {
      if (additionalProperties === undefined || additionalProperties === true) return;
      for (const [name, item] of Object.entries(value as object)) {
        if (known.has(name) || patterns.some(([pattern]) => pattern.test(name))) continue;
        if (rest) rest(item, `${path}/${escapePointer(name)}`, failures);
        else failures.push({ path, message: `unexpected property '${name.slice(0, 100)}'` });
      }
    },
    (value, path, failures) => {
      for (const [name, rule] of known) {
        if (Object.hasOwn(value as object, name))
          rule((value as Record<string, unknown>)[name], `${path}/${escapePointer(name)}`, failures);
      }
    },
    (value, path, failures) => {
      for (const [pattern, rule] of patterns) {
        for (const [name, item] of Object.entries(value as object)) {
          if (pattern.test(name)) rule(item, `${path}/${escapePointer(name)}`, failures);
        }
      }
    },
  ];
}

function escapePointer(name: string): string {
  return name.slice(0, 100).replace(/~/g, "~0").replace(/\//g, "~1");
}

function constRules(schema: Schema): Rule[] {
  if (!("const" in schema)) return [];
  return [check((value: unknown) => value === schema.const, "must be equal to constant")];
}

function anyOfRules({ anyOf }: Schema): Rule[] {
  if (!anyOf) return [];
  const branches = anyOf.map(ruleOf);
  return [
    (value, path, failures) => {
      const all: Failure[] = [];
      for (const branch of branches) {
        const own: Failure[] = [];
        branch(value, path, own);
        if (own.length === 0) return;
        all.push(...own);
      }
      failures.push(...all, { path, message: "must match a schema in anyOf" });
    },
  ];
}
