/**
 * Templates of mappings: `{{payload.a.b[0]}}` or `{{a.b[0]}}`, `{{headers.x}}`, `{{query.x}}`, `{{path}}`, `{{now}}`.
 * What is missing is nothing; an object is its JSON (hooks: templates).
 */
import type { IncomingHttpHeaders } from "node:http";
import { isRecord } from "../../../../base/config/config.ts";

/** What a template can name. */
export interface Delivered {
  /** What follows `hooks.path` in the address, without a slash before it. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case; without those that hold credentials. */
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: unknown;
  /** The time of arrival, epoch ms. */
  readonly at: number;
}

/** How long a rendered text may be, in UTF-16 units. */
const MAX_CHARS = 100_000;
const MAX_STEPS = 32;

/** Renders a template. `insert` changes each value before it is put in. The text is cut after 100,000 characters. */
export function render(
  template: string,
  delivered: Delivered,
  insert: (value: string) => string = (value) => value,
): string {
  let text = "";
  let from = 0;
  for (const match of template.matchAll(/\{\{\s*([^{}]{1,256}?)\s*\}\}/g)) {
    text += template.slice(from, match.index) + insert(textAt(match[1] ?? "", delivered));
    from = match.index + match[0].length;
    if (text.length >= MAX_CHARS) return text.slice(0, MAX_CHARS).toWellFormed();
  }
  return (text + template.slice(from)).slice(0, MAX_CHARS).toWellFormed();
}

/** Whether a template puts in anything that the sender says. */
export function isTemplate(text: string): boolean {
  return /\{\{[^{}]+\}\}/.test(text);
}

/** The value of an expression as text; "" when there is none. */
export function textAt(expression: string, delivered: Delivered): string {
  const value = valueAt(expression, delivered);
  if (typeof value === "string") return value;
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Reads own properties only, so that no expression reaches what every object inherits. */
function valueAt(expression: string, { at, ...delivered }: Delivered): unknown {
  const steps = expression.match(/[^.[\]]+/g) ?? [];
  if (steps.length > MAX_STEPS) return undefined;
  const [first = "", ...rest] = steps;
  switch (first) {
    case "now":
      return new Date(at).toISOString();
    case "path":
      return delivered.path;
    case "headers":
      return inside(
        delivered.headers,
        rest.map((step) => step.toLowerCase()),
      );
    case "query":
      return inside(delivered.query, rest);
    case "payload":
      return inside(delivered.payload, rest);
    default:
      return inside(delivered.payload, steps);
  }
}

function inside(value: unknown, steps: readonly string[]): unknown {
  let here = value;
  for (const step of steps) {
    const isThere = (isRecord(here) || Array.isArray(here)) && Object.hasOwn(here, step);
    if (!isThere) return undefined;
    here = (here as Readonly<Record<string, unknown>>)[step];
  }
  return here;
}

/** Whether an expression reads the payload, and not what is around it. */
export function readsPayload(expression: string): boolean {
  return !/^\s*(?:headers|query|path|now)\b/.test(expression);
}

/** Headers that prove a caller: neither templates nor transforms see them. */
const CREDENTIALS = /^(?:authorization|proxy-authorization|cookie|set-cookie)$|token|secret|signature/;

/** The headers that templates and transforms may see. */
export function visibleHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value !== "string" || CREDENTIALS.test(name) ? [] : [[name, value]],
    ),
  );
}
