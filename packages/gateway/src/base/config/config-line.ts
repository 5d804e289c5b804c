/** Finds the line of a setting in the text of a config file. */
import { type Member, type Place, placesIn } from "./config-tree.ts";

/**
 * Finds the line of a dotted path, counted from 1; of a path that is not whole in the text, the line of its longest
 * part. Undefined when the text has not even the first key. Keys may hold dots, and match in upper or lower case;
 * elements of lists are named by number.
 */
export type LineOf = (path: string) => number | undefined;

/** A key that holds more dots than this is not looked for. */
const MAX_DOTS = 32;

/** Reads a text once, at the first question, for any number of paths. */
export function lineIndex(raw: string): LineOf {
  let root: Place | undefined | "unread" = "unread";
  const lineAt = lineNumbers(raw);
  const named = memberIndex();
  return (path) => {
    if (root === "unread") root = placesIn(raw);
    let found: Member | undefined;
    let place = root;
    let rest = path.toLowerCase();
    while (place) {
      const next = memberAt(named(place), rest);
      if (!next) break;
      found = next.member;
      place = found.value;
      rest = next.rest;
    }
    return found && lineAt(found.start);
  };
}

/** The line of one path; see `LineOf`. */
export function lineOf(path: string, raw: string): number | undefined {
  return lineIndex(raw)(path);
}

/** Members of a place by lower-case key; of two members with one key, the first. */
function memberIndex(): (place: Place) => ReadonlyMap<string, Member> {
  const indexes = new Map<Place, ReadonlyMap<string, Member>>();
  return (place) => {
    const known = indexes.get(place);
    if (known) return known;
    const index = new Map(place.members.toReversed().map((member) => [member.key.toLowerCase(), member]));
    indexes.set(place, index);
    return index;
  };
}

function memberAt(
  members: ReadonlyMap<string, Member>,
  path: string,
): { readonly member: Member; readonly rest: string } | undefined {
  let dot = -1;
  for (let dots = 0; dots <= MAX_DOTS; dots++) {
    dot = path.indexOf(".", dot + 1);
    const member = members.get(dot < 0 ? path : path.slice(0, dot));
    if (member) return { member, rest: dot < 0 ? "" : path.slice(dot + 1) };
    if (dot < 0) return undefined;
  }
  return undefined;
}

function lineNumbers(raw: string): (offset: number) => number {
  let breaks: number[] | undefined;
  return (offset) => {
    breaks ??= [...raw.matchAll(/\n/g)].map(({ index }) => index);
    let low = 0;
    let high = breaks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (breaks[middle]! < offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}
