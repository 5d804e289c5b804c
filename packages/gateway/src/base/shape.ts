/**
 * Shapes of values that were read from files. Anybody may have written a file, so a value gets its type only when each of its
 * fields has been looked at; a type that gains a field does not compile until its shape does, too.
 */
import { isRecord } from "./config/config.ts";

/** Whether a value is of a type. */
export type Check<T> = (value: unknown) => value is T;

export const isText: Check<string> = (value): value is string => typeof value === "string";

/** A whole number from 0 on. */
export const isCount: Check<number> = (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

export function isOneOf<const T extends string | number | boolean>(...values: readonly T[]): Check<T> {
  return (value): value is T => values.includes(value as T);
}

/** A field that may be left out. */
export function isOptional<T>(check: Check<T>): Check<T | undefined> {
  return (value): value is T | undefined => value === undefined || check(value);
}

export function isListOf<T>(check: Check<T>): Check<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.every(check);
}

export function isRecordOf<T>(check: Check<T>): Check<Record<string, T>> {
  return (value): value is Record<string, T> => isRecord(value) && Object.values(value).every(check);
}

/** An object whose fields all pass their checks. */
export function isShaped<T>(fields: { readonly [Name in keyof T]-?: (value: unknown) => boolean }): Check<T> {
  const checks = Object.entries<(value: unknown) => boolean>(fields);
  return (value): value is T => isRecord(value) && checks.every(([name, check]) => check(value[name]));
}
