/** Properties that may be undefined, in objects where what is absent has no key. */

/** An object without its undefined properties: those that may be undefined are optional. */
type Defined<Values> = {
  [Key in keyof Values as undefined extends Values[Key] ? Key : never]?: Exclude<Values[Key], undefined>;
} & { [Key in keyof Values as undefined extends Values[Key] ? never : Key]: Values[Key] };

/** Leaves out the properties that are undefined, in the order of the rest: `defined({ a: 1, b: undefined })` is `{ a: 1 }`. */
export function defined<Values extends object>(values: Values): Defined<Values> {
  const known: Record<string, unknown> = {};
  for (const key in values) if (values[key] !== undefined) known[key] = values[key];
  return known as Defined<Values>;
}
