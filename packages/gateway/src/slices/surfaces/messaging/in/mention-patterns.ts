/**
 * Patterns of the settings that address the agent. Anybody writes messages, so no message may block the gateway through
 * a pattern. Simple patterns run on JavaScript's own engine; all others run on an engine whose time grows with the text
 * alone. That engine is loaded when the settings first need it.
 */
import type { RE2JS } from "re2js";
import { ignore } from "../../../../base/errors.ts";
import { isSimplePattern, patternProblem, simpleCost } from "../../../../kit/text/pattern.ts";

/** The start of a text that is searched; people address the agent there. */
const LOOKED_AT = 2_000;
/** Steps of the engine for one message, about 40 ms: states of the pattern times characters. */
const MAX_STEPS = 300_000;
const LEAST_LOOKED_AT = 64;
/** Steps of JavaScript's own engine in the time of one step of the other (measured: 3 ns and 130 ns). */
const NATIVE_STEPS = 40;

type Search = (text: string, steps: number) => { readonly found: boolean; readonly steps: number };

let engine: typeof RE2JS | undefined;
let loading: Promise<void> | undefined;
const known = new Map<string, Search>();
const MAX_KNOWN = 500;

/**
 * Loads the engine that the patterns need; nothing for simple ones. Never throws: without the engine, patterns are
 * searched as plain words.
 */
export async function preparePatterns(patterns: readonly string[]): Promise<void> {
  if (engine || patterns.every(isSimplePattern)) return;
  loading ??= import("re2js").then(
    (loaded) => {
      engine = loaded.RE2JS;
      known.clear();
    },
    (error: unknown) => ignore(error, "patterns are looked for as words then"),
  );
  await loading;
}

/** Whether one of the patterns occurs in the text. An invalid pattern is searched as plain words. */
export function mentions(patterns: readonly string[], text: string): boolean {
  let steps = MAX_STEPS;
  return patterns.some((pattern) => {
    const result = searchOf(pattern)(text, steps);
    steps -= result.steps;
    return result.found;
  });
}

function searchOf(pattern: string): Search {
  const before = known.get(pattern);
  if (before) return before;
  const search = made(pattern);
  if (known.size >= MAX_KNOWN) known.clear();
  // Do not cache the plain search that stands in while the engine loads.
  if (engine || isSimplePattern(pattern)) known.set(pattern, search);
  else void preparePatterns([pattern]);
  return search;
}

function made(pattern: string): Search {
  const own = nativeOf(pattern);
  if (!own) return words(pattern);
  const cost = simpleCost(pattern);
  if (cost !== undefined) return within(Math.max(1, Math.ceil(cost / NATIVE_STEPS)), (text) => own.test(text));
  if (!engine || patternProblem(pattern)) return words(pattern);
  try {
    const compiled = engine.compile(engine.translateRegExp(pattern), engine.CASE_INSENSITIVE);
    return within(compiled.programSize(), (text) => compiled.matcher(text).find());
  } catch (error) {
    ignore(error, "the engine knows no such pattern; it is looked for as words");
    return words(pattern);
  }
}

/** Searches as much of a text as the remaining steps allow; `size` is the cost of one character. */
function within(size: number, find: (text: string) => boolean): Search {
  return (text, steps) => {
    const length = Math.min(LOOKED_AT, text.length, Math.max(LEAST_LOOKED_AT, Math.floor(steps / size)));
    return { found: find(beginning(text, length)), steps: size * length };
  };
}

/** The first characters. The cut is marked by a character that occurs in no text, so that "$" does not match there. */
function beginning(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}\0`;
}

function nativeOf(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, "iu");
  } catch (error) {
    ignore(error, "it is no pattern, but plain words");
    return undefined;
  }
}

function words(pattern: string): Search {
  const wanted = pattern.toLowerCase();
  return (text) => ({ found: text.slice(0, LOOKED_AT).toLowerCase().includes(wanted), steps: 0 });
}
