/** The commands as menus and completion show them. */

import type { Static } from "@sinclair/typebox";
import type { Base } from "../../../../kit/base.ts";
import { type Command, mayUse } from "../../../../kit/command.ts";
import type { CommandEntry, CommandEntryV3 } from "../schema.ts";

/** The most words that a platform's menu can hold (Discord: 25 choices of an option). */
const MAX_CHOICES = 25;

/** The commands that a holder of the scopes may use, in the order of help. */
export function commandEntries(
  commands: readonly Command[],
  { scopes, sessionKey, gateway }: { scopes: readonly string[]; sessionKey: string; gateway: Base },
): Static<typeof CommandEntryV3>[] {
  return commands
    .filter((command) => mayUse(command, { scopes }))
    .map(({ name, aliases = [], usage = "", summary, choices }) => ({
      ...{ name, aliases: [...aliases], usage, summary },
      choices: [...(choices?.(gateway, sessionKey) ?? [])].slice(0, MAX_CHOICES),
    }));
}

/** The entries with the fields of protocol 4 added to those of protocol 3. */
export function laterCommandEntries(entries: readonly Static<typeof CommandEntryV3>[]): Static<typeof CommandEntry>[] {
  return entries.map((entry) => ({
    ...entry,
    textAliases: [entry.name, ...entry.aliases].map((each) => `/${each}`),
    ...{ description: entry.summary, source: "native", scope: "text" },
    acceptsArgs: entry.usage !== "" || entry.choices.length > 0,
  }));
}
