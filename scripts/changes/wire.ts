/** What a change does to the wire, in words: the difference of two versions of `packages/protocol/schema.json`. */

/** As much of a JSON Schema as the wire uses. */
interface Schema {
  readonly [key: string]: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
}

/** A method or an event; what is not named here is said as it stands. */
interface Named {
  readonly name: string;
  readonly [key: string]: unknown;
}

/** As much of `schema.json` as is compared. */
export interface Wire {
  readonly methods: readonly Named[];
  readonly events: readonly Named[];
  readonly definitions: Readonly<Record<string, Schema>>;
}

/** Texts for people change nothing on the wire. */
const WORDS = new Set(["description", "summary", "title", "area", "examples"]);
const SHOWN_CHARS = 160;

/** One line for each difference, methods first; `+` is new, `-` is gone, `~` is changed. */
export function wireChanges(before: Wire, after: Wire): string[] {
  return [
    ...namedChanges("method", before.methods, after.methods),
    ...namedChanges("event", before.events, after.events),
    ...entries(before.definitions, after.definitions).flatMap(([name, was, is]) => {
      if (!was) return [`+ type ${name}`];
      if (!is) return [`- type ${name}`];
      return schemaChanges(name, was, is);
    }),
  ];
}

function namedChanges(kind: string, before: readonly Named[], after: readonly Named[]): string[] {
  const byName = (list: readonly Named[]) => Object.fromEntries(list.map((each) => [each.name, each]));
  return entries(byName(before), byName(after)).flatMap(([name, was, is]) => {
    if (!was) return [`+ ${kind} ${name}${audience(is)}`];
    if (!is) return [`- ${kind} ${name}`];
    return valueChanges(`${kind} ${name}`, was, is);
  });
}

/** Who may call a method or gets an event. */
function audience(named: Named | undefined): string {
  const who = named?.access ?? named?.audience;
  return who === undefined ? "" : ` (${said(who)})`;
}

/** Differences between two schemas at the same place, down to the innermost field. */
function schemaChanges(path: string, was: Schema, is: Schema): string[] {
  const { properties: hadFields = {}, required: wasRequired = [], items: wasItems, ...wasRest } = was;
  const { properties: hasFields = {}, required: isRequired = [], items: isItems, ...isRest } = is;
  const fields = entries(hadFields, hasFields).flatMap(([name, before, after]) => {
    const place = `${path}.${name}`;
    const needed = (list: readonly string[]) => (list.includes(name) ? "required" : "optional");
    if (!before) return [`+ ${place}: ${said(after)}, ${needed(isRequired)}`];
    if (!after) return [`- ${place}`];
    const need = [needed(wasRequired), needed(isRequired)];
    const turned = need[0] === need[1] ? [] : [`~ ${place}: was ${need[0]}, is ${need[1]}`];
    return [...turned, ...schemaChanges(place, before, after)];
  });
  const list = wasItems && isItems ? schemaChanges(`${path}[]`, wasItems, isItems) : [];
  const lists = wasItems && isItems ? {} : { was: { items: wasItems }, is: { items: isItems } };
  return [...valueChanges(path, { ...wasRest, ...lists.was }, { ...isRest, ...lists.is }), ...fields, ...list];
}

function valueChanges(place: string, was: object, is: object): string[] {
  return entries(was as Readonly<Record<string, unknown>>, is as Readonly<Record<string, unknown>>)
    .filter(([key, before, after]) => !WORDS.has(key) && said(before) !== said(after))
    .map(([key, before, after]) => `~ ${place}: ${key} was ${said(before)}, is ${said(after)}`);
}

/** The keys of both, in order, each with its two values. */
function entries<T>(before: Readonly<Record<string, T>>, after: Readonly<Record<string, T>>) {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  const own = (from: Readonly<Record<string, T>>, key: string) => (Object.hasOwn(from, key) ? from[key] : undefined);
  return keys.map((key) => [key, own(before, key), own(after, key)] as const);
}

/** A value on one line, without the texts for people. */
function said(value: unknown): string {
  if (value === undefined) return "not there";
  if (typeof value === "string") return value;
  const text = JSON.stringify(value, (key, each: unknown) =>
    WORDS.has(key) && typeof each === "string" ? undefined : each,
  );
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}… (${text.length} characters)` : text;
}
