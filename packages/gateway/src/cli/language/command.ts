/** What a command is: a value that names its words and flags and has one function. */

import type { Output } from "../terminal/output.ts";
import type { PageOf } from "../terminal/page-address.ts";
import type { Flags, FlagValues, Positional } from "./args.ts";
import { commonFlags } from "./args.ts";
import type { ExitCode } from "./exit.ts";

/** What a command's function is given. */
export interface Call<F extends Flags = typeof commonFlags> {
  readonly flags: FlagValues<Omit<typeof commonFlags, keyof F> & F>;
  /** The words after the command that are not flags. */
  readonly words: readonly string[];
  /** Flags that are not among `flags`, by name; only where the command has `otherFlags`. */
  readonly others: Readonly<Record<string, string>>;
  readonly env: NodeJS.ProcessEnv;
  readonly out: Output;
}

/** One command. `run` resolves to the exit code; nothing means 0. */
export interface Command {
  readonly kind: "command";
  readonly summary: string;
  readonly positionals: readonly Positional[];
  /** Its own flags; the common ones that it does not describe anew come beside them. */
  readonly ownFlags: Flags;
  readonly commonFlags: Flags;
  /** Takes any other flag as well, each with a value; this is how help speaks of them. */
  readonly otherFlags: readonly [label: string, summary: string] | undefined;
  readonly examples: readonly string[];
  /** Where the page shows what it prints; a terminal is told that afterwards. */
  readonly page: PageOf | undefined;
  run(call: Call): Promise<ExitCode | undefined>;
}

/** Commands under one word, e.g. `devices list`. */
export interface Group {
  readonly kind: "group";
  readonly summary: string;
  readonly commands: Readonly<Record<string, Command>>;
  /** What the word alone does. */
  readonly alone: Command;
  /** Names that its commands had in earlier versions, with those of today: still taken, and shown nowhere. */
  readonly formerly?: Readonly<Record<string, string>>;
}

interface Definition<F extends Flags> {
  readonly summary: string;
  readonly positionals?: readonly Positional[];
  readonly flags?: F;
  readonly otherFlags?: readonly [label: string, summary: string];
  readonly examples?: readonly string[];
  /** See `Command`. */
  readonly page?: PageOf;
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is the common case
  run(call: Call<F>): Promise<ExitCode | void>;
}

/** Defines a command; every command also takes the common flags, which it may describe anew. */
export function defineCommand<const F extends Flags = Record<never, never>>(definition: Definition<F>): Command {
  const { summary, positionals = [], flags, otherFlags, examples = [], page } = definition;
  return {
    kind: "command",
    summary,
    positionals,
    ownFlags: flags ?? {},
    commonFlags: without(commonFlags, flags ?? {}),
    otherFlags,
    examples,
    page,
    // The parser fills exactly the flags above, which is what `Call<F>` says.
    run: async (call) => (await definition.run(call as unknown as Call<F>)) ?? undefined,
  };
}

/** Defines commands under one word. */
export function defineGroup(definition: Omit<Group, "kind">): Group {
  return { kind: "group", ...definition };
}

/** The group's own name for what its word alone does; undefined when that has no name. */
export function nameOfAlone({ alone, commands }: Group): string | undefined {
  return Object.keys(commands).find((word) => commands[word] === alone);
}

function without(flags: Flags, others: Flags): Flags {
  return Object.fromEntries(Object.entries(flags).filter(([name]) => !Object.hasOwn(others, name)));
}
