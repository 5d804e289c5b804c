/**
 * Finds lines. A fixed text is looked for here; a regular expression runs in a thread of its own that is ended when time
 * is up, since there are expressions that take years on forty characters.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { invalidRequest } from "../../../../base/errors.ts";

/** Finds matching lines in texts; disposing it ends its thread. */
export interface LineMatcher extends AsyncDisposable {
  /** The numbers of matching lines, from 0, at most `limit`. Rejects when the signal aborts. */
  find(lines: readonly string[], limit: number): Promise<number[]>;
}

/** For a fixed text. */
export function textMatcher(text: string, { ignoreCase }: { ignoreCase: boolean }): LineMatcher {
  const fold = (each: string) => (ignoreCase ? each.toLowerCase() : each);
  const wanted = fold(text);
  return {
    find: async (lines, limit) => indexes(lines, (line) => fold(line).includes(wanted), limit),
    async [Symbol.asyncDispose]() {},
  };
}

function indexes(lines: readonly string[], isMatch: (line: string) => boolean, limit: number): number[] {
  const found: number[] = [];
  for (const [index, line] of lines.entries()) {
    if (found.length >= limit) break;
    if (isMatch(line)) found.push(index);
  }
  return found;
}

/** The program of the thread, as text, because a bundle has no second file; it needs only JavaScript. */
const THREAD = `
const { parentPort, workerData: { source, flags } } = require("node:worker_threads");
const wanted = new RegExp(source, flags);
parentPort.on("message", ({ lines, limit }) => {
  const found = [];
  for (let at = 0; at < lines.length && found.length < limit; at++) if (wanted.test(lines[at])) found.push(at);
  parentPort.postMessage(found);
});`;

/** For a regular expression. Throws `INVALID_REQUEST` when it is none. */
export function patternMatcher(
  source: string,
  { ignoreCase, signal }: { ignoreCase: boolean; signal: AbortSignal },
): LineMatcher {
  const flags = ignoreCase ? "iu" : "u";
  requirePattern(source, flags);
  const thread = new Worker(THREAD, {
    eval: true,
    workerData: { source, flags },
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 },
  });
  // The failure goes to the caller that waits; when nobody waits, it is dropped.
  thread.on("error", () => {});
  return {
    async find(lines, limit) {
      thread.postMessage({ lines, limit });
      const [found] = (await once(thread, "message", { signal })) as [number[]];
      return found;
    },
    async [Symbol.asyncDispose]() {
      await thread.terminate();
    },
  };
}

function requirePattern(source: string, flags: string): void {
  try {
    new RegExp(source, flags);
  } catch {
    throw invalidRequest(
      `${JSON.stringify(source.slice(0, 100))} is not a regular expression; leave \`regex\` out for a fixed text`,
    );
  }
}
