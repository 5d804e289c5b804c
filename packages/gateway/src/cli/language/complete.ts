/** What may be at the end of a command line, for the shells. One function for all of them; their scripts only ask it. */

import { commands } from "../commands/index.ts";
import type { TargetFlags } from "../reach/target.ts";
import { commonFlags, type Flag, type Flags, namesOf, type Positional, shownFlags } from "./args.ts";
import type { Command, Group } from "./command.ts";

/** A word to offer. */
export interface Candidate {
  readonly value: string;
  readonly summary: string;
}

/** Flags that are in the line already, as texts. */
export type TypedFlags = TargetFlags & { readonly timeout?: string };

/** Asks for what a kind of value can be; `typed` is what is there already, `flags` say which gateway is meant. */
export type ValueSource = (
  kind: NonNullable<Flag["completes"]>,
  about: { readonly typed: string; readonly flags: TypedFlags },
) => Promise<readonly Candidate[]>;

/** The words that may replace the last one of `words`, those that begin with it. */
export async function complete(words: readonly string[], source: ValueSource): Promise<readonly Candidate[]> {
  const typed = words.at(-1) ?? "";
  const line = await readLine(words.slice(0, -1));
  const offered = await offer(line, { typed, source });
  return offered.filter(({ value }) => value.startsWith(typed));
}

/** A command line as far as it is written. */
interface Line {
  readonly entry: Command | Group | undefined;
  /** The flag that waits for its value. */
  readonly open: Flag | undefined;
  /** Words after the command that are no flags. */
  readonly count: number;
  readonly flags: TypedFlags;
}

async function readLine(words: readonly string[]): Promise<Line> {
  let entry: Command | Group | undefined;
  let open: readonly [string, Flag] | undefined;
  let count = 0;
  const values: Record<string, string> = {};
  for (const word of words) {
    if (open) {
      values[open[0]] = word;
      open = undefined;
    } else if (word.startsWith("-")) {
      open = takesNext(word, flagsOf(entry));
    } else if (entry === undefined) {
      entry = await commandOf(word);
    } else if (entry.kind === "group" && count === 0 && Object.hasOwn(entry.commands, word)) {
      entry = entry.commands[word];
    } else {
      count++;
    }
  }
  return { entry, open: open?.[1], count, flags: values };
}

/** A word under which there is no command leaves nothing to complete. */
async function commandOf(word: string): Promise<Command | Group | undefined> {
  return Object.hasOwn(commands, word) ? await commands[word]!.load() : undefined;
}

/** The flag that a word names, when its value is the word after it. */
function takesNext(word: string, flags: Flags): readonly [string, Flag] | undefined {
  if (word.includes("=")) return undefined;
  const long = word.startsWith("--")
    ? namesOf(flags).get(word.slice(2))
    : Object.keys(flags).find((name) => flags[name]?.short === word.slice(1));
  const flag = long === undefined ? undefined : flags[long];
  return long === undefined || !flag || flag.kind === "switch" ? undefined : [long, flag];
}

interface Wanted {
  readonly typed: string;
  readonly source: ValueSource;
}

async function offer({ entry, open, count, flags }: Line, { typed, source }: Wanted): Promise<readonly Candidate[]> {
  if (open) return await values(open, { typed, source, flags });
  const [, name, given = ""] = /^--([^=]+)=(.*)$/s.exec(typed) ?? [];
  if (name !== undefined) {
    const known = flagsOf(entry);
    const flag = known[namesOf(known).get(name) ?? ""];
    const found = flag ? await values(flag, { typed: given, source, flags }) : [];
    return found.map((each) => ({ ...each, value: `--${name}=${each.value}` }));
  }
  if (typed.startsWith("-")) return flagCandidates(flagsOf(entry));
  if (entry === undefined) return namesAndSummaries(commands);
  const command = commandOfEntry(entry);
  const subcommands = entry.kind === "group" && count === 0 ? namesAndSummaries(entry.commands) : [];
  const place = placeAt(command?.positionals ?? [], count);
  return [...subcommands, ...(place ? await values(place, { typed, source, flags }) : [])];
}

/** Which word of the command comes next; the last one repeats where it takes the rest. */
function placeAt(positionals: readonly Positional[], count: number): Positional | undefined {
  const last = positionals.at(-1);
  return positionals[count] ?? (last?.rest ? last : undefined);
}

async function values(
  { choices, completes }: Pick<Flag, "choices" | "completes">,
  { typed, source, flags }: Wanted & { readonly flags: TypedFlags },
): Promise<readonly Candidate[]> {
  const fixed = (choices ?? []).map((value) => ({ value, summary: "" }));
  return completes === undefined ? fixed : [...fixed, ...(await source(completes, { typed, flags }))];
}

function commandOfEntry(entry: Command | Group | undefined): Command | undefined {
  return entry?.kind === "group" ? entry.alone : entry;
}

function flagsOf(entry: Command | Group | undefined): Flags {
  const command = commandOfEntry(entry);
  return command ? { ...command.ownFlags, ...command.commonFlags } : commonFlags;
}

function flagCandidates(flags: Flags): Candidate[] {
  return shownFlags(flags).map(([name, { summary }]) => ({ value: `--${name}`, summary }));
}

function namesAndSummaries(entries: Readonly<Record<string, { readonly summary: string }>>): Candidate[] {
  return Object.entries(entries).map(([value, { summary }]) => ({ value, summary }));
}
