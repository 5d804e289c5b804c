/**
 * The methods, events, tools and commands of all slices. A gateway reads them when its first call comes, so what listens
 * and says hello must not import this file's values in its top level; `start/offer.ts` holds the names that hello-ok lists.
 */
import { SLICES } from "./catalog.ts";
import { byArea } from "./kit/slice.ts";

/** All methods by name, in the order in which hello-ok lists them. */
export const METHODS = new Map(
  byArea(SLICES, ({ methods }) => methods).map(({ definition }) => [definition.name, definition] as const),
);

/** All events, in the order in which hello-ok lists them. */
export const EVENTS = byArea(SLICES, ({ events }) => events).map(({ definition }) => definition);

/** All tools, in the order in which a model sees them. */
export const TOOLS = SLICES.flatMap((slice) => slice.tools());

/** All commands, in the order in which help shows them. */
export const COMMANDS = SLICES.flatMap((slice) => slice.commands());
