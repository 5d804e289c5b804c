/**
 * A text of a sender, and names of others that the platform put into it. `text` holds only what the sender typed; a
 * name that somebody else chose is there as a placeholder without meaning. So commands, addresses and patterns are
 * looked for in `text`; people and models are shown the result of `shown`.
 */
import { named } from "./one-line.ts";

/** A name, a title or a label that somebody else than the sender chose. */
export interface ForeignName {
  /** What comes before it: "@" for a person or a group of people, "#" for a place. */
  readonly sign?: "@" | "#" | undefined;
  readonly name?: string | undefined;
  /** The platform's id of what is named. */
  readonly id?: string | undefined;
}

/** A text, and what its placeholders stand for, in their order. */
export interface SenderText {
  readonly text: string;
  readonly others?: readonly ForeignName[] | undefined;
}

/** The placeholder for a name: Unicode's object replacement character. */
const PLACE = "\uFFFC";

/** What the sender typed. Placeholders that somebody typed are removed. */
export function asTyped(text: string): SenderText {
  return { text: text.replaceAll(PLACE, "") };
}

/** A name that somebody else chose. */
export function foreignName(of: ForeignName): SenderText {
  return { text: PLACE, others: [of] };
}

/** Joins parts. */
export function joined(parts: readonly SenderText[], separator = ""): SenderText {
  const others = parts.flatMap((part) => part.others ?? []);
  return { text: parts.map(({ text }) => text).join(separator), ...(others.length > 0 && { others }) };
}

/** Joins the parts that are not empty, each on a line of its own. */
export function lines(parts: readonly SenderText[]): SenderText {
  return joined(
    parts.filter(({ text }) => text !== ""),
    "\n",
  );
}

/** A fixed label with a name in it: `label("[sticker: ", { name }, "]")`. */
export function label(before: string, of: ForeignName, after = ""): SenderText {
  return joined([asTyped(before), foreignName(of), asTyped(after)]);
}

/** A text in a platform's notation: what `pattern` finds is replaced by what `read` makes of it, the rest was typed. */
export function reading(text: string, pattern: RegExp, read: (found: RegExpMatchArray) => SenderText): SenderText {
  const parts: SenderText[] = [];
  let end = 0;
  for (const found of text.matchAll(pattern)) {
    parts.push(asTyped(text.slice(end, found.index)), read(found));
    end = found.index + found[0].length;
  }
  return joined([...parts, asTyped(text.slice(end))]);
}

/** A stretch of a text, in UTF-16 units. */
export interface Stretch {
  readonly start: number;
  readonly length: number;
}

/** A text with names at places that a platform tells; places that overlap an earlier one or lie outside are left out. */
export function withForeignNames(
  text: string,
  places: readonly (Stretch & { readonly said: SenderText })[],
): SenderText {
  const parts: SenderText[] = [];
  let end = 0;
  for (const { start, length, said } of places.toSorted((a, b) => a.start - b.start)) {
    if (start < end || length < 1 || start + length > text.length) continue;
    parts.push(asTyped(text.slice(end, start)), said);
    end = start + length;
  }
  return joined([...parts, asTyped(text.slice(end))]);
}

/** The text from `start` on. */
export function startingAt({ text, others = [] }: SenderText, start: number): SenderText {
  const before = text.slice(0, start).split(PLACE).length - 1;
  const left = others.slice(before);
  return { text: text.slice(start), ...(left.length > 0 && { others: left }) };
}

/** The text without white space around it. */
export function trimmed(said: SenderText): SenderText {
  return { ...said, text: said.text.trim() };
}

/** The text as people and models read it: each name is one short, quoted line with its id. `channel` is the id's. */
export function shown(said: SenderText, channel: string): string {
  return spelled(said, ({ sign = "", name = "", id }) => {
    const called = named(name);
    const quoted = called === "" ? "" : `“${called}”`;
    if (id === undefined) return `${sign}${quoted || "somebody"}`;
    return quoted === "" ? `${sign}${idIn(channel, id)}` : `${sign}${quoted} (${idIn(channel, id)})`;
  });
}

/** The text as a command reads it: ids alone, so that no word of a name becomes an argument. */
export function asArguments(said: SenderText, channel: string): string {
  return spelled(said, ({ sign = "", name = "", id }) =>
    id === undefined ? `${sign}“${named(name).replaceAll(" ", "_")}”` : `${sign}${idIn(channel, id)}`,
  );
}

function spelled({ text, others = [] }: SenderText, spell: (of: ForeignName) => string): string {
  let next = 0;
  return text.replaceAll(PLACE, (place) => {
    const of = others[next++];
    return of === undefined ? place : spell(of);
  });
}

function idIn(channel: string, id: string): string {
  return `${channel}:${named(id)}`;
}
