/**
 * A text of a sender, and names of others that the platform put into it. `text` holds only what the sender typed; a
 * name that somebody else chose stands there as a placeholder without meaning. So commands, addresses and patterns are
 * looked for in `text`; people and models are shown the result of `shown`.
 */
import { named } from "./one-line.ts";

/** A name, a title or a label that somebody else than the sender chose. */
export interface Other {
  /** What stands before it: "@" for a person or a group of people, "#" for a place. */
  readonly sign?: "@" | "#" | undefined;
  readonly name?: string | undefined;
  /** The platform's id of what is named. */
  readonly id?: string | undefined;
}

/** A text, and what its placeholders stand for, in their order. */
export interface Said {
  readonly text: string;
  readonly others?: readonly Other[] | undefined;
}

/** The placeholder for a name: Unicode's object replacement character. */
const PLACE = "\uFFFC";

/** What the sender typed. Placeholders that somebody typed are removed. */
export function typed(text: string): Said {
  return { text: text.replaceAll(PLACE, "") };
}

/** A name that somebody else chose. */
export function other(of: Other): Said {
  return { text: PLACE, others: [of] };
}

/** Joins parts. */
export function joined(parts: readonly Said[], separator = ""): Said {
  const others = parts.flatMap((part) => part.others ?? []);
  return { text: parts.map(({ text }) => text).join(separator), ...(others.length > 0 && { others }) };
}

/** Joins the parts that are not empty, each on a line of its own. */
export function lines(parts: readonly Said[]): Said {
  return joined(
    parts.filter(({ text }) => text !== ""),
    "\n",
  );
}

/** A fixed label with a name in it: `label("[sticker: ", { name }, "]")`. */
export function label(before: string, of: Other, after = ""): Said {
  return joined([typed(before), other(of), typed(after)]);
}

/** A text in a platform's notation: what `pattern` finds is replaced by what `read` makes of it, the rest was typed. */
export function reading(text: string, pattern: RegExp, read: (found: RegExpMatchArray) => Said): Said {
  const parts: Said[] = [];
  let end = 0;
  for (const found of text.matchAll(pattern)) {
    parts.push(typed(text.slice(end, found.index)), read(found));
    end = found.index + found[0].length;
  }
  return joined([...parts, typed(text.slice(end))]);
}

/** A stretch of a text, in UTF-16 units. */
export interface Stretch {
  readonly start: number;
  readonly length: number;
}

/** A text with names at places that a platform tells; places that overlap an earlier one or lie outside are left out. */
export function withOthers(text: string, places: readonly (Stretch & { readonly said: Said })[]): Said {
  const parts: Said[] = [];
  let end = 0;
  for (const { start, length, said } of places.toSorted((a, b) => a.start - b.start)) {
    if (start < end || length < 1 || start + length > text.length) continue;
    parts.push(typed(text.slice(end, start)), said);
    end = start + length;
  }
  return joined([...parts, typed(text.slice(end))]);
}

/** The text from `start` on. */
export function startingAt({ text, others = [] }: Said, start: number): Said {
  const before = text.slice(0, start).split(PLACE).length - 1;
  const left = others.slice(before);
  return { text: text.slice(start), ...(left.length > 0 && { others: left }) };
}

/** The text without white space around it. */
export function trimmed(said: Said): Said {
  return { ...said, text: said.text.trim() };
}

/** The text as people and models read it: each name is one short, quoted line with its id. `channel` is the id's. */
export function shown(said: Said, channel: string): string {
  return spelled(said, ({ sign = "", name = "", id }) => {
    const called = named(name);
    const quoted = called === "" ? "" : `“${called}”`;
    if (id === undefined) return `${sign}${quoted || "somebody"}`;
    return quoted === "" ? `${sign}${idIn(channel, id)}` : `${sign}${quoted} (${idIn(channel, id)})`;
  });
}

/** The text as a command reads it: ids alone, so that no word of a name becomes an argument. */
export function asArguments(said: Said, channel: string): string {
  return spelled(said, ({ sign = "", name = "", id }) =>
    id === undefined ? `${sign}“${named(name).replaceAll(" ", "_")}”` : `${sign}${idIn(channel, id)}`,
  );
}

function spelled({ text, others = [] }: Said, spell: (of: Other) => string): string {
  let next = 0;
  return text.replaceAll(PLACE, (place) => {
    const of = others[next++];
    return of === undefined ? place : spell(of);
  });
}

function idIn(channel: string, id: string): string {
  return `${channel}:${named(id)}`;
}
