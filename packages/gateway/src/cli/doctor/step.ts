/** The steps of `moltbot doctor --fix`. */

import { isRecord } from "../../base/config/config.ts";
import type { Call } from "../language/command.ts";
import type { Target } from "../reach/target.ts";
import type { UndoableChanges } from "./undoable-changes.ts";

/** One repair. */
export interface Step {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** Does the repair; the text it returns is shown to the person once, and written nowhere. */
  apply(changes: UndoableChanges): Promise<string | undefined> | string | undefined;
}

/** The state in which steps are looked for. */
export interface StepContext extends Pick<Call, "env" | "flags" | "out"> {
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
