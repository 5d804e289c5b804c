/**
 * Whether a command runs, is asked for, or is refused. Pure: it is handed the analysis, the rules in force and the
 * programs that were found. Read `judge` from top to bottom.
 */
import { basename } from "node:path";
import type { Program } from "./programs.ts";
import { isSafeUse } from "./safe-bins.ts";
import { familyOf, isHandled, isShell, runsAnything } from "./shell/names.ts";
import { isWrapper } from "./shell/wrappers.ts";
import type { Analysis, SimpleCommand } from "./shell.ts";

export type Security = "deny" | "allowlist" | "full";
export type Ask = "off" | "on-miss" | "always";
export type Decision = "allow-once" | "allow-always" | "deny";

/** One program that may run without being asked for. */
export interface AllowEntry {
  readonly id?: string | undefined;
  /** An absolute path; `*` stands for part of a name, `**` for any part of the path. */
  readonly pattern: string;
  /** Only with exactly these arguments. */
  readonly args?: readonly string[] | undefined;
}

/** The rules for one command of one agent in one conversation. */
export interface Rules {
  readonly security: Security;
  readonly ask: Ask;
  /** What counts when nobody answers. */
  readonly askFallback: Security;
  readonly allowlist: readonly AllowEntry[];
  /** Names of programs that are safe as long as they only turn input into output. */
  readonly safeBins: ReadonlySet<string>;
  /** Names of programs that skills need, when those are trusted. */
  readonly skillBins: ReadonlySet<string>;
}

/** One source of rules; what it does not say is absent. */
export interface RuleSource {
  readonly security?: Security | undefined;
  readonly ask?: Ask | undefined;
}

/** One command with the program it means. */
export interface Part {
  readonly command: SimpleCommand;
  readonly program: Program;
}

/** What becomes of a command. */
export type Verdict =
  | { readonly kind: "run"; readonly used: readonly AllowEntry[] }
  | { readonly kind: "ask"; readonly why: readonly string[] }
  | { readonly kind: "refuse"; readonly why: string };

const SECURITY: readonly Security[] = ["deny", "allowlist", "full"];
const ASK: readonly Ask[] = ["off", "on-miss", "always"];

/**
 * The rules of several sources together: nobody widens what another one forbids. When none speaks, programs of the
 * allowlist run and a person is asked for everything else.
 */
export function combine(sources: readonly RuleSource[]): { security: Security; ask: Ask } {
  const securities = sources.flatMap(({ security }) => security ?? []);
  const asks = sources.flatMap(({ ask }) => ask ?? []);
  return {
    security: SECURITY.find((each) => securities.includes(each)) ?? "allowlist",
    ask: ASK.findLast((each) => asks.includes(each)) ?? "on-miss",
  };
}

/** Decides. `more` are reasons to ask that do not stand in the command itself. */
export function judge(analysis: Analysis, parts: readonly Part[], rules: Rules, more: readonly string[]): Verdict {
  if (rules.security === "deny") return { kind: "refuse", why: "commands are switched off here" };
  if (rules.security === "full") {
    return rules.ask === "always" ? { kind: "ask", why: ["every command is asked for"] } : { kind: "run", used: [] };
  }
  const open = openQuestions(analysis, parts, rules, more);
  if (rules.ask === "always") return { kind: "ask", why: open.length > 0 ? open : ["every command is asked for"] };
  if (open.length === 0) return { kind: "run", used: parts.flatMap((part) => coveredBy(part, rules.allowlist) ?? []) };
  if (rules.ask === "off") return { kind: "refuse", why: open.join("; ") };
  return { kind: "ask", why: open };
}

/** What becomes of a command that nobody has answered for. */
export function withoutAnswer(
  analysis: Analysis,
  parts: readonly Part[],
  rules: Rules,
  more: readonly string[],
): boolean {
  const security = SECURITY[Math.min(SECURITY.indexOf(rules.security), SECURITY.indexOf(rules.askFallback))];
  if (security === "full") return true;
  return security === "allowlist" && openQuestions(analysis, parts, rules, more).length === 0;
}

/** Why the allowlist does not cover a command: every part of it has to be covered. */
function openQuestions(analysis: Analysis, parts: readonly Part[], rules: Rules, more: readonly string[]): string[] {
  const missing = parts.flatMap((part) => {
    if (part.program.kind === "problem") return part.program.why;
    return isCovered(part, rules) ? [] : `${nameOf(part)} is not on the allowlist`;
  });
  return [...new Set([...analysis.unclear, ...more, ...missing])];
}

function nameOf({ command: { argv } }: Part): string {
  const name = argv[0];
  return runsAnything(name, argv.slice(1)) ? `this call of ${name}` : name;
}

function isCovered(part: Part, { allowlist, safeBins, skillBins }: Rules): boolean {
  if (coveredBy(part, allowlist)) return true;
  const { program, command } = part;
  if (program.kind !== "found" || isDisguised(part)) return false;
  const name = basename(command.argv[0]);
  if (skillBins.has(name) && !isOpen(part)) return true;
  return safeBins.has(name) && !command.isOpenEnded && isSafeUse(name, command.argv.slice(1));
}

/** The entry that lets a program run. A call that can run anything needs an entry with its exact arguments. */
export function coveredBy(part: Part, allowlist: readonly AllowEntry[]): AllowEntry | undefined {
  const { program, command } = part;
  if (program.kind !== "found") return undefined;
  const args = command.argv.slice(1);
  return allowlist.find(({ pattern, args: only }) => {
    if (!matchesPath(pattern, program.path)) return false;
    if (only === undefined) return !isOpen(part);
    return !command.isOpenEnded && only.length === args.length && only.every((arg, index) => arg === args[index]);
  });
}

/** Whether trusting the program would be trusting whatever it is told. */
export function isOpen(part: Part): boolean {
  const { command, program } = part;
  if (isDisguised(part)) return true;
  const args = command.argv.slice(1);
  if (command.isLookedThrough) return isHandled(command.argv[0], args);
  return runsAnything(command.argv[0], args) || (program.kind === "found" && runsAnything(program.path, args));
}

/** Whether a harmless name leads to a program that runs others: what it was looked at as is not what it is. */
function isDisguised({ command: { argv }, program }: Part): boolean {
  const name = argv[0];
  if (program.kind !== "found" || familyOf(name) === familyOf(program.path)) return false;
  if (isShell(name) && isShell(program.path)) return false;
  return isWrapper(program.path) || (runsAnything(program.path, []) && !runsAnything(name, []));
}

/** Whether a path is meant by a pattern. */
export function matchesPath(pattern: string, path: string): boolean {
  const source = pattern.replace(/\*\*|\*|\?|[.+^${}()|[\]\\]/g, (found) => {
    if (found === "**") return ".*";
    if (found === "*") return "[^/]*";
    return found === "?" ? "[^/]" : `\\${found}`;
  });
  return new RegExp(`^${source}$`, "s").test(path);
}
