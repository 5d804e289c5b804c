/**
 * Makes values of a declared type out of anything. What fits is kept, what does not is left out, so that one odd field
 * of a platform's event takes nothing else with it.
 */
import { isRecord } from "../../../../base/config/config.ts";

/** Makes a value of a type; undefined when there is nothing of it. */
export type Fit<T> = (value: unknown) => T | undefined;

/** A text of at most `maxChars`; a number is taken as it is written. */
export function fitText<Text extends string = string>(maxChars: number): Fit<Text> {
  return (value) => {
    if (typeof value === "number" || typeof value === "bigint") return String(value) as Text;
    return typeof value === "string" ? (value.slice(0, maxChars).toWellFormed() as Text) : undefined;
  };
}

export const fitFlag: Fit<boolean> = (value) => (typeof value === "boolean" ? value : undefined);

export const fitNumber: Fit<number> = (value) => (Number.isFinite(value) ? (value as number) : undefined);

export function fitOneOf<const Name extends string>(...names: readonly Name[]): Fit<Name> {
  return (value) => names.find((name) => name === value);
}

/** The entries that fit, at most `maxEntries`. */
export function fitList<T>(fit: Fit<T>, maxEntries: number): Fit<T[]> {
  return (value) =>
    Array.isArray(value)
      ? value
          .slice(0, maxEntries)
          .map(fit)
          .filter((each) => each !== undefined)
      : undefined;
}

/** Two texts, such as a fact and its value. */
export function fitPair(fit: Fit<string>): Fit<readonly [string, string]> {
  return (value) => (Array.isArray(value) ? [fit(value[0]) ?? "", fit(value[1]) ?? ""] : undefined);
}

/** What fits; otherwise `instead`. */
export function fitOr<T>(fit: Fit<T>, instead: T): Fit<T> {
  return (value) => fit(value) ?? instead;
}

/** A record of the fields that fit. It does not fit itself when one of `needed` does not. */
export function fitRecord<T>(
  fields: { readonly [Name in keyof T]-?: Fit<T[Name]> },
  needed: readonly (keyof T & string)[] = [],
): Fit<T> {
  const fits = Object.entries<Fit<unknown>>(fields);
  return (value) => {
    if (!isRecord(value)) return undefined;
    const fitted: Record<string, unknown> = {};
    for (const [name, fit] of fits) {
      const field = fit(value[name]);
      if (field !== undefined) fitted[name] = field;
    }
    return needed.every((name) => Object.hasOwn(fitted, name)) ? (fitted as T) : undefined;
  };
}
