/** Calls any method by its name, for `moltbot gateway call` and for commands whose answer is shown as it is. */

import { readFileSync } from "node:fs";
import { isRecord } from "../../base/config/config.ts";
import { detailOf } from "../../base/errors.ts";
import { usageError } from "../language/exit.ts";

/** The parameters in `text`, JSON of one object; `-` reads it from stdin. Throws a usage error that shows where it is wrong. */
export function readParams(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  const json = text === "-" ? readFileSync(0, "utf8") : text;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    const [, at] = /position (\d+)/.exec(detailOf(error)) ?? [];
    const where = at === undefined ? "it ends too early" : `see position ${at}`;
    throw usageError(`--params is not valid JSON: ${where}. Quote it for the shell, as in --params '{"limit": 5}'.`);
  }
  if (isRecord(value)) return value;
  throw usageError(`--params must be one JSON object, as in --params '{"limit": 5}'.`);
}
