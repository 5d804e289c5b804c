/** Reads what V8 writes into NODE_V8_COVERAGE: which stretches of each file ran, in every process that loaded it. */
import { readdirSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FileCoverage } from "./map.ts";

/** A stretch of a script: how often it ran, and where it is, in UTF-16 units. */
interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface Script {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[]; readonly isBlockCoverage: boolean }[];
}

/** What all reports in a folder say together of these files, by their absolute paths. What no process has loaded, none has run. */
export function coverageIn(folder: string, wanted: readonly string[]): FileCoverage[] {
  const files = new Map(wanted.map((path): [string, Tally] => [path, new Tally(readFileSync(path, "utf8"))]));
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".json"))) {
    for (const { url, functions } of scriptsOf(join(folder, name))) {
      const path = url.startsWith("file:") ? fileURLToPath(url.replace(/\?.*/, "")) : "";
      files.get(path)?.add(functions.flatMap(({ ranges }) => ranges));
    }
  }
  return [...files].map(([path, tally]) => tally.of(path));
}

/** A process that was killed leaves half a report; the others tell enough. */
function scriptsOf(path: string): readonly Script[] {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as { result: readonly Script[] }).result;
  } catch {
    return [];
  }
}

/** What of one file ran in any process. Types are stripped to blanks, so that offsets are those of the source. */
class Tally {
  readonly #text: string;
  readonly #ran: Uint8Array;
  readonly #branches = new Map<string, boolean>();

  constructor(source: string) {
    this.#text = stripTypeScriptTypes(source);
    this.#ran = new Uint8Array(this.#text.length);
  }

  /** One process's ranges: an inner one says more than the outer one around it. */
  add(ranges: readonly Range[]): void {
    const ran = new Uint8Array(this.#text.length);
    const outerFirst = ranges.toSorted(
      (one, other) => one.startOffset - other.startOffset || other.endOffset - one.endOffset,
    );
    for (const { startOffset, endOffset, count } of outerFirst) {
      ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
      const branch = `${startOffset}-${endOffset}`;
      this.#branches.set(branch, this.#branches.get(branch) === true || count > 0);
    }
    for (let at = 0; at < ran.length; at += 1) if (ran[at]) this.#ran[at] = 1;
  }

  of(path: string): FileCoverage {
    const lines = { covered: 0, total: 0 };
    let start = 0;
    for (const line of this.#text.split("\n")) {
      const code = line.search(/\S/);
      if (code >= 0 && !/^\s*(\/\/|\*|\/\*)/.test(line)) {
        lines.total += 1;
        if (this.#ran[start + code]) lines.covered += 1;
      }
      start += line.length + 1;
    }
    const taken = [...this.#branches.values()];
    return { path, lines, branches: { covered: taken.filter(Boolean).length, total: taken.length } };
  }
}
