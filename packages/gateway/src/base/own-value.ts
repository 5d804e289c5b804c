/** Properties under names that others choose: `__proto__` is a name as any other. */

type Named = Readonly<Record<string, unknown>>;

/** The value of an own property; undefined when there is none. */
export function ownValue(from: Named, name: string): unknown {
  return Object.hasOwn(from, name) ? from[name] : undefined;
}

/** Gives an object an own property. Assigned to `__proto__`, the value would become its prototype. */
export function setOwnValue(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}
