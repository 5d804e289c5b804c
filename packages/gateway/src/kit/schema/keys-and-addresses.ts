/**
 * Checks keys and addresses where they are read. A line break within a key would end up in the text of an error, and a
 * password in an address in every text that names the address. A problem is told with the setting's path, never with
 * its value.
 */
import { type Issue, isRecord } from "../../base/config/config.ts";
import { patternProblem } from "../text/pattern.ts";
import type { Schema } from "./validate.ts";

/** Checks a string of the settings by its schema's `format`; returns what is wrong. */
type Check = (text: string) => string | undefined;

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ["secret", keyProblem],
  ["secret-line", lineProblem],
  ["pattern", patternProblem],
  ["uri", (text) => addressProblem(text, ["http:", "https:"])],
  ["socket-address", (text) => addressProblem(text, ["ws:", "wss:"])],
]);

/** Says why a text cannot be a key; undefined when it can. White space around it does not count. */
export function keyProblem(text: string): string | undefined {
  const key = text.trim();
  if (/[\r\n]/.test(key)) return "holds a line break, which no key does; copy the key again, on one line";
  if (/[^\x21-\x7e]/.test(key)) return "holds blanks or characters that no key has; copy the key again";
  return undefined;
}

function lineProblem(text: string): string | undefined {
  if (/[\r\n]/.test(text.trim())) return "holds a line break; write it on one line";
  return /\p{Cc}/u.test(text.trim()) ? "holds control characters; write it anew" : undefined;
}

/** Says why a text cannot be the address of a service; undefined when it can. White space around it does not count. */
export function addressProblem(text: string, protocols: readonly string[] = ["http:", "https:"]): string | undefined {
  const schemes = protocols.map((each) => `${each}//`).join(" or ");
  const url = /[\s\p{Cc}]/u.test(text.trim()) ? null : URL.parse(text.trim());
  if (!url || !protocols.includes(url.protocol)) return `is not an address; write it with ${schemes}`;
  if (url.username !== "" || url.password !== "")
    return "holds a name or a password, which is not sent; leave it out, and put what the service asks for into a key or a header";
  return undefined;
}

/** No file, program or service takes NUL. */
function nulProblem(text: string): string | undefined {
  return text.includes("\0") ? "holds a NUL character; write it anew" : undefined;
}

/** Why a header cannot be sent; undefined when it can. */
export function headerProblem(name: string, value: string): string | undefined {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return "is not the name of a header";
  return lineProblem(value) ?? (/[^\x20-\xff]/.test(value.trim()) ? "holds characters that no header has" : undefined);
}

/** An address as people may see it: without a name, a password or a query; "" when it is none. */
export function shownAddress(text: string): string {
  const url = URL.parse(text);
  return url ? `${url.protocol}//${url.host}${url.pathname}` : "";
}

/** Whether a schema marks a value that is never shown. */
export function isSecret(schema: object | undefined): boolean {
  const { format } = (schema ?? {}) as { format?: unknown };
  return typeof format === "string" && format.startsWith("secret");
}

/** Trims keys and addresses in a value; returns it with what is wrong with those that cannot be used. */
export function checkKeysAndAddresses(
  schema: object,
  value: unknown,
  path: string,
): { value: unknown; problems: Issue[] } {
  const problems: Issue[] = [];
  return { value: walk(schema, value, path, problems), problems };
}

function walk(schema: Schema | undefined, value: unknown, path: string, problems: Issue[]): unknown {
  if (schema === undefined) return value;
  if (typeof value === "string") {
    const { format } = schema as { format?: string };
    const check = CHECKS.get(format ?? "");
    if (value === "") return value;
    const message = check?.(value) ?? nulProblem(value);
    if (message !== undefined) problems.push({ path, message });
    if (!check) return value;
    // Keep the spaces of a password; trim a key, which often comes from a file with a line end.
    if (format === "pattern") return value;
    return format === "secret-line" ? value.replace(/[\r\n]+$/, "") : value.trim();
  }
  if (Array.isArray(value)) {
    const items = value.map((item, index) => walk(schema.items, item, `${path}.${index}`, problems));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isRecord(value)) return value;
  const other = Object.values(schema.patternProperties ?? {})[0];
  let copy: Record<string, unknown> | undefined;
  for (const [name, item] of Object.entries(value)) {
    const known = schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : other;
    const sound = walk(known, item, `${path}.${name}`, problems);
    if (sound === item) continue;
    copy ??= { ...value };
    copy[name] = sound;
  }
  return copy ?? value;
}
