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
  readonly allOf?: readonly Schema[];
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

/** The most failing rules that one answer names. */
const MAX_LISTED = 50;
/** Stop looking after so many failures in one value. */
const MAX_FOUND = 1_000;

/** The validation text: each failing rule once, joined by "; ". Undefined when the value is valid. */
export function validationText(schema: Schema, value: unknown): string | undefined {
  const failures = failuresOf(schema, value);
  if (failures.length === 0) return undefined;
  const told = [...new Set(failures.map(describe))];
  return told.length <= MAX_LISTED ? told.join("; ") : `${told.slice(0, MAX_LISTED).join("; ")}; and more`;
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

/**
 * The rules in Ajv's order: the rules for any value come before those for one type. A type that has rules of its own is
 * checked together with them, any other type first of all.
 */
function compile(schema: Schema): Rule {
  const groups = GROUPS.filter(({ keywords }) => keywords.some((keyword) => schema[keyword] !== undefined));
  const typeRules = schema.type === undefined ? [] : [typeRule(schema.type)];
  const isTypeFirst = !groups.some(({ type }) => type === schema.type);
  const rules = [
    ...(isTypeFirst ? typeRules : []),
    ...constRules(schema),
    ...anyOfRules(schema),
    ...allOfRules(schema),
    ...(isTypeFirst ? [] : typeRules),
    ...groups.map(({ type, rulesOf }) => onlyFor(type, rulesOf(schema))),
  ];
  return (value, path, failures) => {
    for (const rule of rules) rule(value, path, failures);
  };
}

function typeRule(type: string): Rule {
  const hasType = TYPES[type];
  if (!hasType) throw new Error(`schema type ${type} is not supported`);
  return check(hasType, `must be ${type}`);
}

function onlyFor(type: string, rules: readonly Rule[]): Rule {
  const hasType = TYPES[type]!;
  return (value, path, failures) => {
    if (hasType(value)) for (const rule of rules) rule(value, path, failures);
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

/** The keywords that apply to values of one type. */
const GROUPS: readonly {
  readonly type: string;
  readonly keywords: readonly (keyof Schema)[];
  rulesOf(schema: Schema): Rule[];
}[] = [
  { type: "number", keywords: ["minimum", "maximum"], rulesOf: numberRules },
  { type: "string", keywords: ["minLength", "maxLength", "pattern"], rulesOf: stringRules },
  { type: "array", keywords: ["minItems", "maxItems", "items"], rulesOf: arrayRules },
  {
    type: "object",
    keywords: ["required", "properties", "additionalProperties", "patternProperties"],
    rulesOf: objectRules,
  },
];

function check(isValid: (value: never) => boolean, message: string): Rule {
  return (value, path, failures) => {
    if (!isValid(value as never)) failures.push({ path, message });
  };
}

function stringRules({ maxLength, minLength, pattern }: Schema): Rule[] {
  const rules: Rule[] = [];
  if (maxLength !== undefined) {
    rules.push(
      check((text: string) => isLengthAtMost(text, maxLength), `must NOT have more than ${maxLength} characters`),
    );
  }
  if (minLength !== undefined) {
    rules.push(
      check((text: string) => !isLengthAtMost(text, minLength - 1), `must NOT have fewer than ${minLength} characters`),
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
    rules.push(check((a: unknown[]) => a.length <= maxItems, `must NOT have more than ${maxItems} items`));
  if (minItems !== undefined)
    rules.push(check((a: unknown[]) => a.length >= minItems, `must NOT have fewer than ${minItems} items`));
  if (items) {
    const rule = ruleOf(items);
    rules.push((value, path, failures) => {
      for (const [index, item] of (value as unknown[]).entries()) {
        if (failures.length >= MAX_FOUND) return;
        rule(item, `${path}/${index}`, failures);
      }
    });
  }
  return rules;
}

function objectRules({ required = [], properties = {}, additionalProperties, patternProperties = {} }: Schema): Rule[] {
  const patterns = Object.entries(patternProperties).map(
    ([pattern, schema]) => [new RegExp(pattern, "u"), ruleOf(schema)] as const,
  );
  const names = Object.keys(properties);
  const known = new Set(names);
  // Each request comes through here, so nothing is made for a property that is as it should be.
  const rules = names.map((name) => ({ name, pointer: `/${escapePointer(name)}`, rule: ruleOf(properties[name]!) }));
  const rest = typeof additionalProperties === "object" ? ruleOf(additionalProperties) : undefined;
  const isOpen = additionalProperties === undefined || additionalProperties === true;
  const all: Rule[] = [
    (value, path, failures) => {
      for (const name of required) {
        if (!Object.hasOwn(value as object, name))
          failures.push({ path, message: `must have required property '${name}'` });
      }
    },
  ];
  if (!isOpen)
    all.push((value, path, failures) => {
      for (const name of Object.keys(value as object)) {
        if (failures.length >= MAX_FOUND) return;
        if (known.has(name) || patterns.some(([pattern]) => pattern.test(name))) continue;
        if (rest) rest((value as Record<string, unknown>)[name], `${path}/${escapePointer(name)}`, failures);
        else failures.push({ path, message: `unexpected property '${name.slice(0, 100)}'` });
      }
    });
  all.push((value, path, failures) => {
    for (const { name, pointer, rule } of rules) {
      if (Object.hasOwn(value as object, name))
        rule((value as Record<string, unknown>)[name], path + pointer, failures);
    }
  });
  if (patterns.length > 0)
    all.push((value, path, failures) => {
      for (const [pattern, rule] of patterns) {
        for (const [name, item] of Object.entries(value as object)) {
          if (pattern.test(name)) rule(item, `${path}/${escapePointer(name)}`, failures);
        }
      }
    });
  return all;
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

function allOfRules({ allOf = [] }: Schema): Rule[] {
  return allOf.map(ruleOf);
}
