/** The commands as menus and completion show them. */
import type { Static } from "@sinclair/typebox";
import type { Gateway } from "../../gateway.ts";
import { type Command, mayUse } from "../../kit/command.ts";
import type { CommandEntry } from "./schema.ts";

/** As many words as a platform's menu can hold (Discord: 25 choices of an option). */
const MAX_CHOICES = 25;

/** Those commands that whoever holds the scopes may use, in the order in which help shows them. */
export function commandEntries(
  commands: readonly Command[],
  { scopes, sessionKey, gateway }: { scopes: readonly string[]; sessionKey: string; gateway: Gateway },
): Static<typeof CommandEntry>[] {
  return commands
    .filter((command) => mayUse(command, { scopes }))
    .map(({ name, aliases = [], usage = "", summary, choices }) => ({
      ...{ name, aliases: [...aliases], usage, summary },
      choices: [...(choices?.(gateway, sessionKey) ?? [])].slice(0, MAX_CHOICES),
    }));
}
