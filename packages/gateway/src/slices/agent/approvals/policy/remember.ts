/**
 * Defines what “always” means for a command. This is the one place that says what may be remembered. It is asked when
 * “always” is offered, and again whenever a remembered command is to run, so that a remembered command never outlives a
 * reason against it.
 */

import { basename, resolve } from "node:path";
import { defined } from "../../../../base/defined.ts";
import type { ExactRule } from "../schema.ts";
import type { Analysis } from "../shell/shell.ts";
import { shown } from "../shell/words.ts";
import { isFileless, isKnownCall, isRunner, isStarter, isWriter } from "./folder-independent.ts";
import { isFilter, isHarmless, isReader } from "./harmless.ts";
import { noteOf } from "./note.ts";
import type { OwnState } from "./own-state.ts";
import { exists, hashOf, isFile, isForAnybody, linkIn, namesTooMuch, placeOf, placesOf, stateOf } from "./places.ts";
import type { AllowEntry, Part } from "./policy.ts";
import { isWithin, realOf } from "./programs.ts";

/** The effect of remembering a command. */
export type Always =
  | { readonly kind: "exact"; readonly rule: ExactRule }
  /** Paths of programs that are harmless with any arguments. */
  | { readonly kind: "any-arguments"; readonly programs: readonly string[] }
  /** Nothing; `why` is a sentence without a full stop. */
  | { readonly kind: "nothing"; readonly why: string };

/** A command before it runs, and what the agent can change. */
export interface Rememberable {
  readonly command: string;
  readonly cwd: string;
  readonly isBackground: boolean;
  readonly analysis: Analysis;
  readonly parts: readonly Part[];
  /** Further reasons to ask, from outside the command. */
  readonly more: readonly string[];
  /** The agents' folders, links followed. */
  readonly agents: readonly string[];
  /** Places outside these folders that remembered commands change, so that the agent can change them too. */
  readonly changed: readonly string[];
  /** Where programs find their settings. */
  readonly home: string;
  readonly state: OwnState;
}

/** The facts of one part of a command. */
interface Found {
  /** Files of code, by path. */
  readonly code: readonly string[];
  /** Whether code may come from anywhere that the agent can write to. */
  readonly isOpen: boolean;
}

const NO_MORE: Found = { code: [], isOpen: false };

/** What “always” would remember of a command. */
export function alwaysOf(wanted: Rememberable): Always {
  const { analysis, parts, more, agents, home, state, command, cwd } = wanted;
  const [reason] = [...analysis.unclear, ...more];
  if (reason !== undefined) return nothing(reason);
  if (parts.length === 0) return nothing("it starts no program");
  const outside = parts.every(isHarmlessPart) ? soughtOutside(wanted) : undefined;
  if (outside !== undefined) return nothing(outside);
  if (parts.every(isHarmlessPart)) return { kind: "any-arguments", programs: [...new Set(parts.map(pathOf))] };
  const words = parts.flatMap(({ command: { argv } }) => argv.filter((arg) => arg !== undefined));
  if (namesTooMuch(words)) return nothing("it names more places than can be looked at");
  if (analysis.enters === undefined) return nothing("it cannot be told in which folder each part of it runs");
  const folder = folderOf(analysis.enters, cwd);
  const changes = [...new Set(parts.flatMap((part) => changesOf(part, folder, agents)))].toSorted();
  const writable = [...agents, ...wanted.changed, ...changes];
  if (isWithin(placeOf(home), writable))
    return nothing("programs find their settings in a folder that the agent can change");
  const founds: Found[] = [];
  for (const part of parts) {
    const found = foundOf(part, folder, writable, state);
    if (typeof found === "string") return nothing(found);
    founds.push(found);
  }
  const code = [...new Set(founds.flatMap((found) => found.code))].toSorted();
  const hashes = code.map((path) => ({ path, sha256: hashOf(path) }));
  const isHashed = (each: { path: string; sha256: string | undefined }): each is { path: string; sha256: string } =>
    each.sha256 !== undefined;
  if (!hashes.every(isHashed)) return nothing("the code that it names is too large, or cannot be read");
  const around = founds.some(({ isOpen }) => isOpen) ? stateOf(writable) : undefined;
  if (around === undefined && founds.some(({ isOpen }) => isOpen))
    return nothing("there is too much in the agent's folders to tell whether its code has changed");
  const rule: ExactRule = {
    ...{ command, cwd, background: wanted.isBackground },
    input: parts.map((part) => part.command.input),
    programs: parts.map(pathOf),
    code: hashes,
    ...defined({ around }),
    changes,
  };
  return { kind: "exact", rule };
}

/** The entries that “always” stands for. `argv` is the command's when it is a single one. */
export function entriesFor(always: Always, argv: readonly (string | undefined)[] = []): Omit<AllowEntry, "id">[] {
  if (always.kind === "nothing") return [];
  if (always.kind === "any-arguments") return always.programs.map((pattern) => ({ pattern }));
  const { rule } = always;
  const args = argv.slice(1).filter((arg) => arg !== undefined);
  const isSingle = rule.programs.length === 1 && args.length === argv.length - 1;
  return [{ pattern: rule.programs[0]!, ...(isSingle && { args }), exact: rule }];
}

/** Whether a call only does what its words say, or only turns input into output. */
function isKnownPart({ command, program }: Part): boolean {
  if (program.kind !== "found" || !program.isSystem || command.isOpenEnded) return false;
  return isKnownCall(nameOf(command.argv[0]), command.argv.slice(1));
}

/** Whether a call only does what its words say, and touches no file. */
export function isFilelessPart(part: Part): boolean {
  return isKnownPart(part) && isFileless(nameOf(part.command.argv[0]));
}

/** Whether a call is harmless with any arguments. */
export function isHarmlessPart({ command, program }: Part): boolean {
  return program.kind === "found" && program.isSystem && isHarmless(nameOf(command.argv[0]));
}

/** Whether a call only reads, whatever its arguments are. */
export function isReaderPart({ command, program }: Part): boolean {
  return program.kind === "found" && program.isSystem && isReader(nameOf(command.argv[0]));
}

/** Whether every place that a call may name is in the agents' own folders, its working folder included. */
export function staysInside(
  { command }: Part,
  { analysis, cwd, agents }: Pick<Rememberable, "analysis" | "cwd" | "agents">,
): boolean {
  const [name, ...args] = command.argv;
  if (command.isOpenEnded || analysis.enters === undefined) return false;
  if (namesTooMuch(args.filter((arg) => arg !== undefined))) return false;
  // A known call follows only links that are named, because none of its options follows links.
  const isDeep = !isKnownCall(nameOf(name), args);
  const folder = folderOf(analysis.enters, cwd);
  return [".", ...args].every(
    (arg) =>
      arg !== undefined &&
      placesOf(arg, folder).every((place) => isWithin(place, agents)) &&
      linkIn(arg, folder, agents, isDeep) === undefined,
  );
}

/** The reason to ask for a script whose shell looks for files where the agent may not; undefined when there is none. */
export function soughtOutside({
  analysis: { sought, enters },
  cwd,
  agents,
}: Pick<Rememberable, "analysis" | "cwd" | "agents">): string | undefined {
  if (sought.length > MAX_SOUGHT) return "it names more places than can be looked at";
  const folder = enters && folderOf(enters, cwd);
  const out = sought.find(({ path }) => {
    if (path === undefined || folder === undefined || namesTooMuch([path])) return true;
    const isInside = placesOf(path, folder).every((place) => isWithin(place, agents));
    return !isInside || linkIn(path, folder, agents, false) !== undefined;
  });
  return out && `${shown(out.text)} can tell of files outside of the agent's folders`;
}

const MAX_SOUGHT = 200;

/** The folder of a script that enters these folders, one after the other. */
function folderOf(enters: readonly string[], cwd: string): string {
  return enters.reduce((at, next) => placeOf(resolve(at, next)), cwd);
}

/** Whether one call only turns its input into output. */
export function isFilterPart({ command, program }: Part): boolean {
  if (program.kind !== "found" || !program.isSystem || command.isOpenEnded) return false;
  return isFilter(nameOf(command.argv[0]), command.argv.slice(1));
}

/** Describes “always” in words for the person who decides. */
export function alwaysText(always: Always): string {
  if (always.kind === "nothing") return always.why;
  if (always.kind === "exact") return noteOf({ pattern: "", exact: always.rule });
  return `${always.programs.map((path) => basename(path)).join(", ")} with any arguments: no harm can be done with any`;
}

/** Whether two rules say one thing, in whatever order their fields stand. */
export function isSameRule(a: ExactRule, b: ExactRule): boolean {
  return textOf(a) === textOf(b);
}

function textOf({ command, cwd, background, input, programs, code, around, changes }: ExactRule): string {
  const files = code.map(({ path, sha256 }) => [path, sha256]);
  return JSON.stringify([command, cwd, background, input, programs, files, around ?? null, changes]);
}

function foundOf(part: Part, folder: string, writable: readonly string[], state: OwnState): Found | string {
  const { command, program } = part;
  const [name, ...args] = command.argv;
  if (program.kind === "problem") return program.why;
  if (isHarmlessPart(part)) return NO_MORE;
  if (command.isOpenEnded || args.includes(undefined)) return `what ${name} is given is known only when it runs`;
  const words = args as readonly string[];
  const below = words.find((word) => placesOf(word, folder).some((place) => state.isBelow(place)));
  if (below !== undefined && !isFilterPart(part)) return `the gateway's own state stands below ${below}`;
  const link = words.map((word) => linkIn(word, folder, writable)).find((each) => each !== undefined);
  if (link !== undefined) return `it goes through ${link}, which the agent can lead elsewhere`;
  if (program.isSystem && isStarter(nameOf(name)) && command.isLookedThrough) return NO_MORE;
  if (isKnownPart(part)) return NO_MORE;
  return otherwise(part, words, folder, writable);
}

/** Handles a program whose action is not known: its code may be in its words, in files, and in its folder. */
function otherwise(part: Part, words: readonly string[], folder: string, writable: readonly string[]): Found | string {
  const { command, program } = part;
  const [name] = command.argv;
  if (program.kind === "problem") return program.why;
  if (command.input !== "none") return `${name} can run what it is given as input`;
  const own = words.find((word) => placesOf(word, folder).some((place) => isWithin(place, writable) && exists(place)));
  if (own !== undefined) return `${name} can run ${own}, which the agent can change`;
  const named = words.find((word) => writable.some((root) => word.includes(root)));
  if (named !== undefined) return `${name} can run what is in a folder that the agent can change`;
  const script = isRunner(nameOf(name)) && program.isSystem ? scriptOf(words, folder) : undefined;
  const isProgramOfTheirs = !program.isSystem;
  // A program of the owner's counts as a script when it is called by its path; a link to it may be any program.
  const isOwnScript = isProgramOfTheirs && program.path === name;
  if (script === undefined && !isOwnScript && isReachable(folder, writable))
    return `${name} can take code or settings from its folder, which the agent can change`;
  const files = words.flatMap((word) => placesOf(word, folder)).filter(isFile);
  return { code: [...(isProgramOfTheirs ? [program.path] : []), ...files], isOpen: true };
}

/** The script file of an interpreter, when no option comes before it. */
function scriptOf([first]: readonly string[], folder: string): string | undefined {
  if (first === undefined || first.startsWith("-") || first.startsWith("+")) return undefined;
  const path = realOf(resolve(folder, first));
  return path !== undefined && isFile(path) ? path : undefined;
}

/**
 * Whether a program that searches settings upwards from a folder meets one that the agent, or anybody, can write to.
 */
function isReachable(folder: string, writable: readonly string[]): boolean {
  const place = placeOf(folder);
  if (isForAnybody(place)) return true;
  return isWithin(place, writable) || writable.some((each) => isWithin(each, [place]) && place !== "/");
}

/** The places outside of the agents' folders that a known call changes. */
function changesOf(part: Part, folder: string, agents: readonly string[]): string[] {
  const [name, ...args] = part.command.argv;
  if (!isKnownPart(part) || !isWriter(nameOf(name))) return [];
  const words = args.filter((arg) => arg !== undefined && !arg.startsWith("-"));
  return words.map((word) => placeOf(resolve(folder, word!))).filter((place) => !isWithin(place, agents));
}

function nameOf(program: string): string {
  return basename(program);
}

function pathOf({ program }: Part): string {
  return program.kind === "found" ? program.path : "";
}

function nothing(why: string): Always {
  return { kind: "nothing", why };
}
