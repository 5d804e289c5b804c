/** How steps are written: a generator yields what is asked and is given what was answered. */

import type { Static } from "@sinclair/typebox";
import { defined } from "../../../../base/defined.ts";
import type { Caller } from "../../../../kit/access.ts";
import type { Base } from "../../../../kit/base.ts";
import type { Models } from "../../../agent/models/models.ts";
import type { Nodes } from "../../../core/nodes/nodes.ts";
import type { Messaging } from "../../../surfaces/messaging/messaging.ts";
import type { WizardStep } from "../schema.ts";

/** A step as its author writes it; the wizard gives it an id. */
type Draft = Omit<Static<typeof WizardStep>, "id" | "executor">;

/** What was answered; undefined where nothing sensible was. */
export type Answer = string | boolean | undefined;

/** Asks, and goes on with the answers. */
export type Steps<Result = void> = AsyncGenerator<Draft, Result, Answer>;

/** What steps reach. */
export interface Services extends Pick<Base, "clock" | "host"> {
  readonly nodes: Nodes;
  readonly models: Models;
  readonly messaging: Messaging;
}

/** Who is led, and when to stop. */
export interface WizardSession {
  readonly mode: "local" | "remote";
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly hint?: string;
}

/** The last choice of every question. */
export const SKIP: Choice = { value: "skip", label: "Skip this" };

/** Shows something. */
export async function* tell(title: string, message: string): Steps {
  yield { type: "note", title, message };
}

/** Asks for one of the choices, and again until it is one. */
export async function* choose(title: string, choices: readonly Choice[], message?: string): Steps<string> {
  for (let problem = message; ; problem = "Choose one of these.") {
    const answer = yield {
      ...{ type: "select", title, options: [...choices], initialValue: choices[0]?.value },
      ...defined({ message: problem }),
    };
    if (choices.some(({ value }) => value === answer)) return String(answer);
  }
}

/** Asks for a text; empty when it was left out. */
export async function* askText(title: string, message: string, isSecret: boolean): Steps<string> {
  const answer = yield {
    ...{ type: "text", title, message, placeholder: "Leave it empty to skip" },
    ...(isSecret && { sensitive: true }),
  };
  return typeof answer === "string" ? answer.trim() : "";
}

/** What failed, and whether to try it again. */
export async function* tryAgain(problem: string): Steps<boolean> {
  const again = yield* choose("That did not work", [{ value: "again", label: "Try again" }, SKIP], problem);
  return again === "again";
}
