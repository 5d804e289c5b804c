/** The `search` tool: lines of the workspace's text files that hold a text or fit a regular expression. */
import { Type } from "@sinclair/typebox";
import { GatewayError, ignore } from "../../../../base/errors.ts";
import { matchesPath } from "../../../../base/text/glob.ts";
import type { Confined } from "../files/confined.ts";
import { defineTool } from "../slice.ts";
import { contentOf, linesOf } from "./content.ts";
import { type LineMatcher, patternMatcher, textMatcher } from "./line-matcher.ts";
import { walk } from "./walk.ts";

const MAX_FILES = 20_000;
const MAX_FILE_BYTES = 2_000_000;
const MAX_BYTES = 64_000_000;
const TIME_MS = 10_000;
const MAX_LINE_CHARS = 300;
/** Of one line, for the matcher: what follows is not looked at. */
const MAX_MATCHED_CHARS = 10_000;

export const search = defineTool({
  name: "search",
  summary:
    "Searches the text files of the workspace; answers lines as path:line: text. Skips .git, node_modules, links, and " +
    "files that are binary or larger than 2 MB.",
  audience: "owner",
  changes: false,
  timeoutMs: 30_000,
  params: {
    query: Type.String({ minLength: 1, maxLength: 1_000, description: "A fixed text, or with `regex` an expression." }),
    regex: Type.Optional(Type.Boolean({ description: "The query is a JavaScript regular expression, line by line." })),
    path: Type.Optional(Type.String({ maxLength: 1_024, description: "A folder; the workspace itself by default." })),
    glob: Type.Optional(Type.String({ maxLength: 200, description: 'Only files like this: "*.md", "src/**/*.ts".' })),
    ignoreCase: Type.Optional(Type.Boolean({ description: "Upper and lower case are the same." })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: "Lines at most; 100 by default." })),
  },
  async run({ params, run, gateway, signal }) {
    const { query, regex = false, path = "", glob, ignoreCase = false, limit = 100 } = params;
    const files = gateway.workspace.filesFor(run);
    const late = new AbortController();
    using _timer = gateway.clock.after(TIME_MS, () => late.abort());
    const within = AbortSignal.any([signal, late.signal]);
    await using matcher = regex
      ? patternMatcher(query, { ignoreCase, signal: within })
      : textMatcher(query, { ignoreCase });
    const hunt = new Hunt(files, matcher, limit);
    try {
      for await (const step of walk(files, path, { signal: within })) {
        if (step.kind !== "file" || (glob !== undefined && !matchesPath(glob, step.path))) continue;
        await hunt.look(step.path);
        if (hunt.why !== undefined) break;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!late.signal.aborted) throw error;
      hunt.why = `stopped after ${TIME_MS / 1_000} s`;
    }
    return hunt.report;
  },
});

/** A search under way: what it found, and why it stopped. */
class Hunt {
  why: string | undefined;
  readonly #files: Confined;
  readonly #matcher: LineMatcher;
  readonly #limit: number;
  readonly #found: string[] = [];
  #fileCount = 0;
  #bytes = 0;

  constructor(files: Confined, matcher: LineMatcher, limit: number) {
    this.#files = files;
    this.#matcher = matcher;
    this.#limit = limit;
  }

  /** Looks into one file. */
  async look(path: string): Promise<void> {
    const text = this.#textOf(path);
    if (text === undefined) return;
    this.#fileCount++;
    this.#bytes += text.length;
    const lines = linesOf(text).map((line) => line.slice(0, MAX_MATCHED_CHARS));
    const left = this.#limit - this.#found.length;
    for (const at of await this.#matcher.find(lines, left)) {
      const line = lines[at]!.trim();
      const shown = line.length > MAX_LINE_CHARS ? `${line.slice(0, MAX_LINE_CHARS).toWellFormed()}…` : line;
      this.#found.push(`${path}:${at + 1}: ${shown}`);
    }
    if (this.#found.length >= this.#limit) this.why = `stopped at ${this.#limit} lines`;
    else if (this.#fileCount >= MAX_FILES) this.why = `stopped after ${MAX_FILES} files`;
    else if (this.#bytes >= MAX_BYTES) this.why = `stopped after ${MAX_BYTES / 1_000_000} MB`;
  }

  get report(): string {
    const looked = `${this.#fileCount} ${this.#fileCount === 1 ? "file" : "files"} searched`;
    const end = this.why === undefined ? "" : `[${this.why}, ${looked}; narrow the search with path or glob]`;
    if (this.#found.length > 0) return [...this.#found, ...(end === "" ? [] : [end])].join("\n");
    return end === "" ? `Nothing found; ${looked}.` : `Nothing found so far ${end}`;
  }

  #textOf(path: string): string | undefined {
    try {
      const content = contentOf(this.#files.read(path, MAX_FILE_BYTES).data);
      return content.kind === "text" ? content.text : undefined;
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      ignore(error, "a file that vanished, is too large or may not be read is passed over");
      return undefined;
    }
  }
}
