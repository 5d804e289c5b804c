/**
 * Exchanges files in a way that can be stopped at any point: the plan is on disk before the first of them moves, so what
 * was half done is taken back. Each move is a rename.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ignore, StartError } from "../errors.ts";
import { readTextIfExists, writePrivateFile } from "../files.ts";
import { type Check, isListOf, isOneOf, isShaped, isText } from "../shape.ts";
import { isLocal } from "./contents.ts";

/** From where to where; in the order in which they are done. */
type Move = readonly [from: string, to: string];

/** A restore that is prepared or under way. */
export interface RestorePlan {
  /** `ready`: the gateway does it at its next start. `moving`: take it back. `trial`: done, and to be proved by a start. */
  readonly phase: "ready" | "moving" | "trial";
  /** All moves, once they have begun: until then a gateway may write, and files come and go. */
  readonly moves: readonly Move[];
  /** The moves of files outside the state folder. */
  readonly outside: readonly Move[];
  /** The folder with the state that comes. */
  readonly source: string;
  /** The folder in the state folder that takes what was there before. */
  readonly aside: string;
  /** The folder in the state folder in which the new files were prepared. */
  readonly staging: string;
  /** What it is, for people: the backup's name. */
  readonly what: string;
}

const isMove: Check<Move> = (value): value is Move => isListOf(isText)(value) && value.length === 2;
const isPlan = isShaped<RestorePlan>({
  phase: isOneOf("ready", "moving", "trial"),
  ...{ moves: isListOf(isMove), outside: isListOf(isMove) },
  ...{ source: isText, aside: isText, staging: isText, what: isText },
});

export const planPath = (stateDir: string) => join(stateDir, "restore.json");

/** The plan of a state folder; undefined when there is none. Throws `StartError` when it cannot be read. */
export function readPlan(stateDir: string): RestorePlan | undefined {
  return parsePlan(readTextIfExists(planPath(stateDir)), planPath(stateDir));
}

function parsePlan(text: string | undefined, path: string): RestorePlan | undefined {
  if (text === undefined) return undefined;
  try {
    const plan: unknown = JSON.parse(text);
    if (isPlan(plan)) return plan;
  } catch (cause) {
    throw unreadable(path, cause);
  }
  throw unreadable(path, undefined);
}

function unreadable(path: string, cause: unknown): StartError {
  const aside = "what was there before a restore stands in before-restore-… beside it";
  return new StartError(`${path} cannot be read; remove it when the state folder is as it should be, ${aside}.`, {
    cause,
    isLasting: true,
  });
}

/** Puts a plan on disk; nothing moves. */
export function writePlan(stateDir: string, plan: RestorePlan): void {
  writePrivateFile(planPath(stateDir), JSON.stringify(plan));
}

/** The moves that put a prepared state folder in place. */
function stateMoves(stateDir: string, { aside, source }: RestorePlan): Move[] {
  const present = readdirSync(stateDir).filter((name) => !isLocal(name));
  const fresh = readdirSync(source).filter((name) => !isLocal(name));
  return [
    ...present.map((name) => [join(stateDir, name), join(aside, name)] as const),
    ...fresh.map((name) => [join(source, name), join(stateDir, name)] as const),
  ];
}

/**
 * Does what is planned; nobody may use the state folder. Returns the plan as it now stands, to be settled or taken back.
 * `rename` is replaced by tests that stop it in the middle.
 */
export function executePlan(stateDir: string, ready: RestorePlan, rename: typeof renameSync = renameSync): RestorePlan {
  const plan: RestorePlan = { ...ready, phase: "moving", moves: [...stateMoves(stateDir, ready), ...ready.outside] };
  writePlan(stateDir, plan);
  for (const [from, to] of plan.moves) {
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    rename(from, to);
  }
  const done: RestorePlan = { ...plan, phase: "trial" };
  writePlan(stateDir, done);
  return done;
}

/** Takes the moves of a plan back, as far as they were done, and gives it up; may itself be stopped and called again. */
export function rollBackPlan(stateDir: string, plan: RestorePlan, rename: typeof renameSync = renameSync): void {
  // A plan that is ready has moved nothing: all that is there belongs there.
  if (plan.phase !== "ready") moveBack(stateDir, plan, rename);
  rmSync(planPath(stateDir), { force: true });
  const readied = [...plan.moves, ...plan.outside].map(([from]) => from).filter(isReadied);
  for (const folder of [plan.staging, ...readied]) rmSync(folder, { recursive: true, force: true });
  removeEmpty(plan.aside);
}

function moveBack(stateDir: string, plan: RestorePlan, rename: typeof renameSync): void {
  const isOut = ([, to]: Move) => dirname(to) === plan.aside;
  const back = (moves: readonly Move[]) => {
    for (const [from, to] of moves.toReversed()) {
      if (!existsSync(to) || existsSync(from)) continue;
      mkdirSync(dirname(from), { recursive: true, mode: 0o700 });
      rename(to, from);
    }
  };
  back(plan.moves.filter((move) => !isOut(move)));
  clearAway(stateDir, plan, rename);
  back(plan.moves.filter(isOut));
}

/** Whether this was made ready beside its place outside the state folder. */
function isReadied(path: string): boolean {
  return /\.restoring-[^/\\]*$/.test(path);
}

/** Takes away what the restored state wrote under other names, such as the journal of its database. */
function clearAway(stateDir: string, { moves, aside, staging }: RestorePlan, rename: typeof renameSync): void {
  const before = new Set(moves.filter(([, to]) => dirname(to) === aside).map(([from]) => from));
  for (const name of readdirSync(stateDir)) {
    const isOfBefore = before.has(join(stateDir, name)) && !existsSync(join(aside, name));
    if (isLocal(name) || isOfBefore) continue;
    mkdirSync(staging, { recursive: true, mode: 0o700 });
    rename(join(stateDir, name), join(staging, `${name}.tried`));
  }
}

function removeEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}

/** Commits a plan: the restored files stay, and those before it are kept for `restore undo`. */
export function commitPlan(stateDir: string, plan: RestorePlan): void {
  mkdirSync(plan.aside, { recursive: true, mode: 0o700 });
  writePrivateFile(join(plan.aside, KEPT), JSON.stringify(plan));
  rmSync(planPath(stateDir), { force: true });
  rmSync(plan.staging, { recursive: true, force: true });
  // After an undo, the folder whose content is back in place holds nothing but its plan.
  rmSync(join(plan.source, KEPT), { force: true });
  removeEmpty(plan.source);
}

/** The plan in the folder that took what was there before. */
const KEPT = "restore.json";

/** The newest restore that can be undone. */
export function lastRestore(stateDir: string): RestorePlan | undefined {
  const newest = readdirSync(stateDir)
    .filter((name) => name.startsWith("before-restore-"))
    .sort()
    .at(-1);
  if (newest === undefined) return undefined;
  const path = join(stateDir, newest, KEPT);
  return existsSync(path) ? parsePlan(readFileSync(path, "utf8"), path) : undefined;
}

/** The plan that brings back what was there before a restore; what is there now goes to `undone-restore-…`. */
export function undoPlan(done: RestorePlan): RestorePlan {
  const named = (name: string) => done.aside.replace("before-restore-", name);
  const outside = done.outside.toReversed().map(([from, to]) => [to, from] as const);
  return {
    ...{ phase: "ready", moves: [], outside, source: done.aside, what: done.what },
    ...{ aside: named("undone-restore-"), staging: named("restoring-undo-") },
  };
}

/**
 * What earlier restores that are older than `before`, epoch ms, have kept in the state folder and outside of it; the names say
 * when they were made.
 */
export function oldRestores(stateDir: string, before: number): string[] {
  return olderThan(before, stateDir, /^(?:before|undone)-restore-(.+)$/).flatMap((path) => [
    path,
    ...keptOutside(path),
  ]);
}

/** What a kill has left of restores that were made ready before `before`, epoch ms. */
export function unfinishedRestores(stateDir: string, before: number): string[] {
  const { staging } = readPlan(stateDir) ?? {};
  return olderThan(before, stateDir, /^restoring-(?:undo-)?(.+)$/).filter((path) => path !== staging);
}

function olderThan(before: number, folder: string, pattern: RegExp): string[] {
  return readdirSync(folder)
    .filter((name) => {
      const [, stamp] = pattern.exec(name) ?? [];
      return stamp !== undefined && timeOf(stamp) < before;
    })
    .map((name) => join(folder, name));
}

/** What a restore that is over keeps beside its places outside of the state folder. */
function keptOutside(folder: string): string[] {
  const path = join(folder, KEPT);
  const stamp = basename(folder).replace(/^\w+-restore-/, "");
  try {
    const plan = parsePlan(readTextIfExists(path), path);
    const places = (plan?.outside ?? []).map(([, to]) => to);
    return places.filter((to) => /\.(?:before-restore|restoring)-/.test(to) && to.endsWith(stamp) && existsSync(to));
  } catch (error) {
    ignore(error, "without its plan nothing outside is known to be its own");
    return [];
  }
}

function timeOf(stamp: string): number {
  const [, day, hours, minutes, seconds, ms] = /^(.{10})T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z$/.exec(stamp) ?? [];
  return day === undefined ? Number.POSITIVE_INFINITY : Date.parse(`${day}T${hours}:${minutes}:${seconds}.${ms}Z`);
}
