/**
 * Decides whether a command runs, needs approval, or is refused. Pure: it gets the analysis of the command and the
 * rules in force. Read `judge` from top to bottom.
 */

import { basename } from "node:path";
import { matchesGlob } from "../../../../base/text/glob.ts";
import type { ExactRule } from "../schema.ts";
import type { Analysis, SimpleCommand } from "../shell/shell.ts";
import { isReader } from "./harmless.ts";
import type { Program } from "./programs.ts";
import { type Always, isFilelessPart, isFilterPart, isHarmlessPart, isReaderPart, isSameRule } from "./remember.ts";

export type Security = "deny" | "allowlist" | "full";
export type Ask = "off" | "on-miss" | "always";
export type Decision = "allow-once" | "allow-always" | "deny";

/**
 * An entry of the allowlist. With `exact` it is exactly one command. Without it, it is of an older kind: a program with
 * any arguments, which counts for programs that are harmless with any; or a program with exactly these arguments.
 */
export interface AllowEntry {
  readonly id?: string | undefined;
  /** An absolute path; `*` stands for part of a name, `**` for any part of the path. */
  readonly pattern: string;
  /** Only with exactly these arguments. */
  readonly args?: readonly string[] | undefined;
  readonly exact?: ExactRule | undefined;
}

/** The rules for one command of one agent in one conversation. */
export interface Rules {
  readonly security: Security;
  readonly ask: Ask;
  /** The level that applies when nobody answers. */
  readonly askFallback: Security;
  readonly allowlist: readonly AllowEntry[];
  /** Names of programs that run unasked when they are harmless. */
  readonly safeBins: ReadonlySet<string>;
  /** Names of programs that skills need, when those are trusted. */
  readonly skillBins: ReadonlySet<string>;
}

/** One source of rules; fields that it does not set are absent. */
export interface RuleSource {
  readonly security?: Security | undefined;
  readonly ask?: Ask | undefined;
}

/** One simple command and its program. */
export interface Part {
  readonly command: SimpleCommand;
  readonly program: Program;
}

/** The analysis of a command before it runs. */
export interface CommandAnalysis {
  readonly command: string;
  readonly analysis: Analysis;
  readonly parts: readonly Part[];
  /** Further reasons to ask, from outside the command. */
  readonly more: readonly string[];
  /** The part of the gateway's own state that it names, as a sentence; undefined when none. */
  readonly own: string | undefined;
  /** The places that its shell looks for files outside the agent's folders, as a sentence; undefined when none. */
  readonly outside: string | undefined;
  /** Whether it starts in the agent's usual folder. */
  readonly isAtHome: boolean;
  /** Whether a call names no place that is not the agents' own. */
  staysInside(part: Part): boolean;
  /** The effect of “always”, computed when first needed. */
  always(): Always;
}

/** The verdict on a command. */
export type Verdict =
  | { readonly kind: "run"; readonly used: readonly AllowEntry[] }
  | { readonly kind: "ask"; readonly why: readonly string[] }
  | { readonly kind: "refuse"; readonly why: string };

const SECURITY: readonly Security[] = ["deny", "allowlist", "full"];
const ASK: readonly Ask[] = ["off", "on-miss", "always"];
const EVERY = "every command is asked for";

/**
 * Combines the rules of several sources; none can widen what another forbids. Without any, programs of the allowlist
 * run, and every other command needs approval.
 */
export function combine(sources: readonly RuleSource[]): { security: Security; ask: Ask } {
  const securities = sources.flatMap(({ security }) => security ?? []);
  const asks = sources.flatMap(({ ask }) => ask ?? []);
  return {
    security: SECURITY.find((each) => securities.includes(each)) ?? "allowlist",
    ask: ASK.findLast((each) => asks.includes(each)) ?? "on-miss",
  };
}

/** Judges a command. */
export function judge(looked: CommandAnalysis, rules: Rules): Verdict {
  if (rules.security === "deny") return { kind: "refuse", why: "commands are switched off here" };
  const { open, used } = rules.security === "full" ? trusted(looked) : covered(looked, rules);
  if (rules.ask === "always") return { kind: "ask", why: open.length > 0 ? open : [EVERY] };
  if (open.length === 0) return { kind: "run", used };
  return rules.ask === "off" ? { kind: "refuse", why: open.join("; ") } : { kind: "ask", why: open };
}

/** Judges input for a running command; remembered commands do not cover it. `own` is as in `CommandAnalysis`. */
export function judgeInput(own: string | undefined, isHidden: boolean, rules: Rules): Verdict {
  if (rules.security === "deny") return { kind: "refuse", why: "commands are switched off here" };
  const why = [
    ...(own === undefined ? [] : [own]),
    ...(rules.security === "full" ? [] : ["what is written to a program can be as much as a command"]),
    ...(isHidden && rules.security !== "full"
      ? ["it holds characters that cannot be seen, or are not what they seem"]
      : []),
  ];
  if (rules.ask === "always") return { kind: "ask", why: why.length > 0 ? why : [EVERY] };
  if (why.length === 0) return { kind: "run", used: [] };
  return rules.ask === "off" ? { kind: "refuse", why: why.join("; ") } : { kind: "ask", why };
}

/** Whether a command runs although nobody has answered. */
export function withoutAnswer(looked: CommandAnalysis, rules: Rules): boolean {
  const security = SECURITY[Math.min(SECURITY.indexOf(rules.security), SECURITY.indexOf(rules.askFallback))];
  if (security === "deny") return false;
  return (security === "full" ? trusted(looked) : covered(looked, rules)).open.length === 0;
}

interface Cover {
  /** The reasons to ask; empty when it is covered. */
  readonly open: readonly string[];
  /** The entries that cover it. */
  readonly used: readonly AllowEntry[];
}

/** Even where everything is allowed, the gateway's own state is not. */
function trusted({ own }: CommandAnalysis): Cover {
  return { open: own === undefined ? [] : [own], used: [] };
}

/** Whether a command is covered: as a whole by an entry, or in each of its parts. */
function covered(looked: CommandAnalysis, rules: Rules): Cover {
  const { analysis, parts, more, own, outside } = looked;
  if (own === undefined) {
    const entry = rules.allowlist.find((each) => isMeant(each, looked));
    if (entry) return { open: [], used: [entry] };
  }
  const widely = (part: Part) => rules.allowlist.find((entry) => isWide(entry, part, looked));
  const used = parts.flatMap((part) => widely(part) ?? []);
  const missing = parts.flatMap((part) => (widely(part) || isSafe(part, rules) ? [] : missingText(part, rules)));
  const places = [own, outside].filter((each) => each !== undefined);
  return { open: [...new Set([...places, ...analysis.unclear, ...more, ...missing])], used };
}

/** Whether an entry is for exactly this command. */
function isMeant({ exact, args, pattern }: AllowEntry, looked: CommandAnalysis): boolean {
  const { analysis, parts, isAtHome, command, always } = looked;
  if (exact === undefined && args === undefined) return false;
  if (exact !== undefined && exact.command !== command) return false;
  const staysThere = isAtHome && analysis.enters?.length === 0;
  if (exact === undefined && !(staysThere && parts.length === 1 && isCall(parts[0]!, pattern, args!))) return false;
  const may = always();
  if (may.kind !== "exact") return false;
  if (exact !== undefined) return isSameRule(exact, may.rule);
  // An older entry names no folder, input or code: it holds in the usual folder, without input and without code.
  const { background, code, around, input } = may.rule;
  return !background && code.length === 0 && around === undefined && input[0] === "none";
}

function isCall({ command, program }: Part, pattern: string, args: readonly string[]): boolean {
  const [, ...given] = command.argv;
  if (program.kind !== "found" || !matchesPath(pattern, program.path)) return false;
  return args.length === given.length && args.every((arg, index) => arg === given[index]);
}

/** Whether an entry allows a program with any arguments. */
function isWide({ exact, args, pattern }: AllowEntry, part: Part, looked: CommandAnalysis): boolean {
  if (exact !== undefined || args !== undefined) return false;
  if (part.program.kind !== "found" || !matchesPath(pattern, part.program.path)) return false;
  return isHarmlessPart(part) || (isReaderPart(part) && looked.staysInside(part));
}

/** Whether the settings let a part run: a harmless program, or one that skills need and that touches no file. */
function isSafe(part: Part, { safeBins, skillBins }: Rules): boolean {
  const name = basename(part.command.argv[0]);
  const isListed = safeBins.has(name) || skillBins.has(name);
  if (isListed && (isHarmlessPart(part) || isFilterPart(part))) return true;
  return skillBins.has(name) && isFilelessPart(part);
}

function missingText({ program, command }: Part, { allowlist, skillBins }: Rules): string {
  if (program.kind === "problem") return program.why;
  const [name] = command.argv;
  const isListed = allowlist.some(
    ({ exact, args, pattern }) => exact === undefined && args === undefined && matchesPath(pattern, program.path),
  );
  if (isListed && isReader(basename(name))) return `this call of ${name} may read what the agent may not`;
  if (isListed) return `${name} is on the allowlist with any arguments, which is wider than today's rule`;
  if (skillBins.has(basename(name)))
    return `${name} is a program of a skill, and it is not known all that this call does`;
  return `${name} is not on the allowlist`;
}

/** Whether a path is meant by a pattern. */
export function matchesPath(pattern: string, path: string): boolean {
  return matchesGlob(pattern, path);
}
