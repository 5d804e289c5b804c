/** Reads params of commands. Each function throws `NodeFailure` that names the param. */
import { isRecord } from "../../base/config/config.ts";
import { badParams } from "./failure.ts";

export type Params = Readonly<Record<string, unknown>>;

/** A text of at most 64 KiB; undefined when absent. */
export function text(params: Params, name: string): string | undefined {
  const value = params[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string" || value.length > 65_536 || value.includes("\0"))
    throw badParams(`${name} must be a text`);
  return value;
}

/** A text that must be there and not be blank. */
export function requiredText(params: Params, name: string): string {
  const value = text(params, name);
  if (value === undefined || value.trim() === "") throw badParams(`${name} required`);
  return value;
}

/** A list of texts; empty when absent. */
export function texts(params: Params, name: string): readonly string[] {
  const value = params[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > 1_000) throw badParams(`${name} must be a list of texts`);
  return value.map((each: unknown) => {
    if (typeof each !== "string" || each.includes("\0")) throw badParams(`${name} must be a list of texts`);
    return each;
  });
}

/** A number of milliseconds above zero, or any other number above zero; undefined when absent. */
export function positive(params: Params, name: string): number | undefined {
  const value = params[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0)
    throw badParams(`${name} must be a number above zero`);
  return value;
}

/** An object of texts, such as variables of an environment; empty when absent. */
export function textsByName(params: Params, name: string): Readonly<Record<string, string>> {
  const value = params[name];
  if (value === undefined || value === null) return {};
  if (!isRecord(value)) throw badParams(`${name} must be an object of texts`);
  const entries = Object.entries(value).map(([key, each]): [string, string] => {
    if (typeof each !== "string" || each.includes("\0") || !/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(key))
      throw badParams(`${name} has a name or value that no program can be given`);
    return [key, each];
  });
  return Object.fromEntries(entries);
}
