/** Flags as values: what a command takes, its parsing, and the sentence for each mistake. */

import { parseArgs } from "node:util";
import { usageError } from "./exit.ts";
import { nearest } from "./nearest.ts";

/** One flag. A `switch` takes no value; a `list` may be given several times. */
export interface Flag {
  readonly kind: "switch" | "text" | "number" | "list";
  readonly summary: string;
  /** What help writes above it: this flag and those after it, up to the next heading, belong together. */
  readonly heading?: string;
  /** The name of its value in help texts, e.g. `URL`. */
  readonly value?: string;
  /** One letter, for `-m`. */
  readonly short?: string;
  /** The only values allowed; completion offers them. */
  readonly choices?: readonly string[];
  /** What its values name, so that completion can ask the gateway for them. */
  readonly completes?: ValueKind;
  /** Names that it had in earlier versions: still taken, and shown nowhere. */
  readonly formerly?: readonly string[];
  /** Still taken for older scripts, and shown nowhere. */
  readonly hidden?: boolean;
}

/** What a word of a command line can name. */
export type ValueKind =
  | "agent"
  | "approval"
  | "channel"
  | "device"
  | "device-request"
  | "gateway"
  | "mcp-server"
  | "method"
  | "model"
  | "provider"
  | "run"
  | "sender-code"
  | "session"
  | "setting"
  | "skill"
  | "tool";

/** Flags by their long name. */
export type Flags = Readonly<Record<string, Flag>>;

/** What parsing gives for a set of flags. */
export type FlagValues<F extends Flags> = {
  readonly [Name in keyof F]: F[Name]["kind"] extends "switch"
    ? boolean
    : F[Name]["kind"] extends "list"
      ? readonly string[]
      : (F[Name]["kind"] extends "number" ? number : string) | undefined;
};

/** One word after the command. `rest` takes all that follow. */
export interface Positional {
  readonly name: string;
  readonly optional?: boolean;
  readonly rest?: boolean;
  /** Only programs write it; help does not show it. */
  readonly hidden?: boolean;
  /** Words that completion offers. */
  readonly choices?: readonly string[];
  /** What it names, so that completion can ask the gateway. */
  readonly completes?: ValueKind;
}

/** The words after a command as help shows them: `CHANNEL [ID] WORDS…`. */
export function shownWords(positionals: readonly Positional[]): string[] {
  return positionals
    .filter(({ hidden }) => !hidden)
    .map(({ name, rest, optional }) => {
      const word = rest ? `${name}…` : name;
      return optional ? `[${word}]` : word;
    });
}

/** What a command accepts; `name` is how the user calls it, for messages. */
export interface Accepts<F extends Flags> {
  readonly name: string;
  readonly flags: F;
  readonly positionals: readonly Positional[];
  /** Whether flags that are not in `flags` are taken as well; each has a value. */
  readonly takesOthers?: boolean;
}

/** The flags that every command has. */
export const commonFlags = {
  json: { kind: "switch", summary: "Print the result as JSON" },
  url: { kind: "text", value: "URL", summary: "The gateway's address, ws:// or wss://" },
  gateway: { kind: "text", value: "NAME", summary: "The gateway with this name", completes: "gateway" },
  ssh: { kind: "text", value: "HOST", summary: "Go through ssh: user@host or user@host:port" },
  "ssh-identity": { kind: "text", value: "FILE", summary: "The key file for --ssh" },
  insecure: { kind: "switch", summary: "Allow ws:// over a network" },
  token: { kind: "text", value: "TOKEN", summary: "The gateway token" },
  password: { kind: "text", value: "PASSWORD", summary: "The gateway password" },
  "tls-fingerprint": { kind: "text", value: "SHA256", summary: "Accept only this certificate (wss:// only)" },
  timeout: { kind: "number", value: "MS", summary: "Milliseconds to wait for the gateway (10000)" },
  profile: { kind: "text", value: "NAME", summary: "Use the state folder ~/.moltbot-NAME" },
  help: { kind: "switch", short: "h", summary: "Show this help" },
} as const satisfies Flags;

/** Reads the words after a command. Throws `CliError` (usage) naming the flag and the nearest one that exists. */
export function parseFlags<F extends Flags>(words: readonly string[], accepts: Accepts<F>) {
  const { flags, name, takesOthers = false } = accepts;
  const { tokens } = parseArgs({
    args: [...words],
    options: optionsOf(flags),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const values: Record<string, string | number | boolean | string[] | undefined> = {};
  const others: Record<string, string> = {};
  const positionals: string[] = [];
  const longNames = namesOf(flags);
  for (const [long, flag] of Object.entries(flags)) {
    if (flag.kind === "switch") values[long] = false;
    if (flag.kind === "list") values[long] = [];
  }
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const long = longNames.get(token.name);
    const flag = long === undefined ? undefined : flags[long];
    if (!flag && !takesOthers) throw unknownFlag(token.rawName, accepts);
    if (long === undefined || !flag) {
      // The parser does not know that it has a value: the word after it is one.
      const next = token.value === undefined ? tokens[at + 1] : undefined;
      const value = next?.kind === "positional" ? next.value : token.value;
      if (next?.kind === "positional") at++;
      others[token.name] = String(readValue(token.rawName, { kind: "text", summary: "" }, { ...token, value, name }));
      continue;
    }
    const value = readValue(token.rawName, flag, { ...token, name });
    const list = values[long];
    if (Array.isArray(list)) list.push(String(value));
    else values[long] = value;
  }
  return { values: values as FlagValues<F>, words: positionals, others };
}

/** Each long name that is taken, present or former, with the flag's name. */
export function namesOf(flags: Flags): ReadonlyMap<string, string> {
  const pairs = Object.entries(flags).flatMap(([long, { formerly = [] }]) =>
    [long, ...formerly].map((name) => [name, long] as const),
  );
  return new Map(pairs);
}

/** The flags that help and completion show. */
export function shownFlags(flags: Flags): [long: string, flag: Flag][] {
  return Object.entries(flags).filter(([, { hidden }]) => !hidden);
}

/** Flags that belong together, as help shows them. */
export interface FlagBlock {
  readonly heading: string | undefined;
  readonly entries: readonly (readonly [long: string, flag: Flag])[];
}

/** The flags that help shows, in their order, parted at each new heading. */
export function flagBlocks(flags: Flags): FlagBlock[] {
  const blocks: { heading: string | undefined; entries: [string, Flag][] }[] = [];
  for (const entry of shownFlags(flags)) {
    const last = blocks.at(-1);
    const { heading = last?.heading } = entry[1];
    if (last?.heading === heading && last !== undefined) last.entries.push(entry);
    else blocks.push({ heading, entries: [entry] });
  }
  return blocks;
}

function optionsOf(flags: Flags) {
  const option = ({ kind }: Flag) =>
    ({ type: kind === "switch" ? "boolean" : "string", multiple: kind === "list" }) as const;
  return Object.fromEntries(
    Object.entries(flags).flatMap(([long, flag]) => [
      [long, { ...option(flag), ...(flag.short && { short: flag.short }) }],
      ...(flag.formerly ?? []).map((name) => [name, option(flag)] as const),
    ]),
  );
}

/** Checks the words that are not flags against what the command takes. */
export function checkPositionals<F extends Flags>(words: readonly string[], accepts: Accepts<F>): void {
  const required = accepts.positionals.filter((each) => !each.optional);
  const missing = required[words.length];
  if (missing) throw usageError(`\`moltbot ${accepts.name}\` needs ${missing.name}. ${seeHelp(accepts.name)}`);
  const takesRest = accepts.positionals.at(-1)?.rest ?? false;
  const extra = words[accepts.positionals.length];
  if (extra === undefined || takesRest) return;
  throw usageError(
    `${JSON.stringify(extra)} is one word too many for \`moltbot ${accepts.name}\`. ${seeHelp(accepts.name)}`,
  );
}

/** Where to read more. */
export function seeHelp(name: string): string {
  return `See \`moltbot ${name === "" ? "" : `${name} `}--help\`.`;
}

interface Given {
  readonly name: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function readValue(rawName: string, flag: Flag, given: Given): string | number | boolean {
  const { value, inlineValue, name } = given;
  if (flag.kind === "switch") {
    if (value !== undefined) throw usageError(`${rawName} takes no value. ${seeHelp(name)}`);
    return true;
  }
  if (value === undefined || (!inlineValue && /^-[^\d]/.test(value))) {
    const hint = value === undefined ? seeHelp(name) : `If it begins with a dash, write ${rawName}=${value}.`;
    throw usageError(`${rawName} needs a value (${flag.value ?? "VALUE"}). ${hint}`);
  }
  if (flag.choices && !flag.choices.includes(value)) {
    throw usageError(`${rawName} is one of ${flag.choices.join(", ")}, not ${JSON.stringify(value)}.`);
  }
  if (flag.kind !== "number") return value;
  const number = Number(value);
  if (value.trim() === "" || !Number.isFinite(number) || number < 0) {
    throw usageError(`${rawName} is a number that is not negative, not ${JSON.stringify(value)}.`);
  }
  return number;
}

function unknownFlag<F extends Flags>(rawName: string, { flags, name }: Accepts<F>) {
  const known = shownFlags(flags).map(([long]) => long);
  const close = nearest(rawName.replace(/^-+/, ""), known);
  const hint = close === undefined ? "" : ` Did you mean --${close}?`;
  return usageError(`\`moltbot${name === "" ? "" : ` ${name}`}\` has no flag ${rawName}.${hint} ${seeHelp(name)}`);
}
