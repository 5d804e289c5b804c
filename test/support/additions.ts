/** The additions that CONTRIBUTING.md shows: its blocks that begin with the path of a file, as changes of that file. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What a block shows of one file. */
export interface Addition {
  readonly path: string;
  /** A file that is not there yet. */
  readonly isNew: boolean;
  /** Each with what it begins with: " ", "+", "-"; a gap is " …". */
  readonly lines: readonly string[];
}

/** A change must find each of its lines; this is the first that it does not find. */
export class DoesNotApply extends Error {}

const BLOCK = /```diff\n ?\/\/ (\S+?)(?:([:,]| \()([^\n]*))?\n([\s\S]*?)```/g;

export function additionsIn(page: string): Addition[] {
  return [...page.matchAll(BLOCK)].map(([, path = "", , note = "", body = ""]) => ({
    path,
    isNew: note.startsWith("new"),
    lines: body.split("\n").filter((line) => line !== ""),
  }));
}

export function contributing(): string {
  return readFileSync(fileURLToPath(new URL("../../CONTRIBUTING.md", import.meta.url)), "utf8");
}

/**
 * The text with the addition. What follows a line of the file is put behind it, what follows a gap before the next line, and
 * what follows nothing at the end. Throws `DoesNotApply`.
 */
export function applied(text: string, { path, lines }: Addition): string {
  const file = text.split("\n");
  let at = 0;
  let waiting: string[] | undefined;
  for (const line of lines) {
    const [sign, rest] = [line[0], line.slice(1)];
    if (rest.trim() === "…") waiting = [];
    else if (sign === "+" && waiting) waiting.push(rest);
    else if (sign === "+" && at === 0 && lines.some((each) => !each.startsWith("+"))) waiting = [rest];
    else if (sign === "+") file.splice(at === 0 ? file.length : at++, 0, rest);
    else {
      const found = file.indexOf(rest, at);
      if (found < 0) throw new DoesNotApply(`${path} has no line ${JSON.stringify(rest)} behind the lines before it`);
      file.splice(found, sign === "-" ? 1 : 0, ...(waiting ?? []));
      at = found + (waiting?.length ?? 0) + (sign === "-" ? 0 : 1);
      waiting = undefined;
    }
  }
  if (waiting?.length) file.push(...waiting);
  return file.join("\n");
}
