/** What a step of `moltbot doctor --fix` is. */

import { isRecord } from "../../base/config/config.ts";
import type { Call } from "../language/command.ts";
import type { Target } from "../reach/target.ts";
import type { Bench } from "./bench.ts";

/** One thing to mend. */
export interface Step {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** Mends it; what it returns is told to the person once, and written nowhere. */
  apply(bench: Bench): Promise<string | undefined> | string | undefined;
}

/** What looking for steps is given. */
export interface Patient extends Pick<Call, "env" | "flags" | "out"> {
  readonly target: Target;
  /** The settings, of an invalid file those of its last good copy. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** A section of the settings; empty when it is not there. */
export function sectionOf(
  config: Readonly<Record<string, unknown>>,
  ...path: readonly string[]
): Readonly<Record<string, unknown>> {
  let here: unknown = config;
  for (const name of path) here = isRecord(here) ? here[name] : undefined;
  return isRecord(here) ? here : {};
}
