/** Fits settings of another gateway into our file: what is new and valid is taken, what we have stays. */
import { type ConfigSection, isRecord, readConfig } from "../../../../base/config/config.ts";
import { withoutVariables } from "../../../../base/config/config-source.ts";
import type { Note } from "../found.ts";

export interface FittedConfig {
  /** A merge patch for our file. */
  readonly patch: Readonly<Record<string, unknown>>;
  /** The dotted paths of what it sets. */
  readonly taken: readonly string[];
  /** What is not taken, and why. */
  readonly left: readonly Note[];
}

export interface FitOptions {
  /** Our file's values as they stand. */
  readonly ours: Readonly<Record<string, unknown>>;
  readonly sections: readonly ConfigSection<unknown>[];
}

/** Rounds of finding what does not fit; each takes out what the one before named. */
const MAX_ROUNDS = 20;
/** Lists whose members have ids: new members are added. */
const BY_ID: ReadonlySet<string> = new Set(["agents.list"]);

export function fitted(theirs: Readonly<Record<string, unknown>>, { ours, sections }: FitOptions): FittedConfig {
  const left: Note[] = [];
  let candidate: Record<string, unknown> = structuredClone(theirs) as Record<string, unknown>;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { issues, warnings } = readConfig(JSON.stringify(candidate), sections);
    const wrong = [...issues, ...warnings].filter(({ path }) => path !== "");
    if (wrong.length === 0) break;
    for (const { path, message } of wrong) {
      if (!has(candidate, path.split("."))) continue;
      left.push({ at: path, text: message });
      candidate = without(candidate, path.split(".")) as Record<string, unknown>;
    }
  }
  const taken: string[] = [];
  const patch = news(candidate, ours, { path: [], taken, left });
  return { patch: isRecord(patch) ? patch : {}, taken, left };
}

interface Walk {
  readonly path: readonly string[];
  readonly taken: string[];
  readonly left: Note[];
}

/** The part of their value that ours does not have. */
function news(theirs: unknown, ours: unknown, walk: Walk): unknown {
  const at = walk.path.join(".");
  if (isRecord(theirs) && (ours === undefined || isRecord(ours))) {
    const members = Object.entries(theirs).flatMap(([key, value]) => {
      const inner = news(value, ours?.[key], { ...walk, path: [...walk.path, key] });
      return inner === undefined ? [] : [[key, inner] as const];
    });
    return members.length === 0 ? undefined : Object.fromEntries(members);
  }
  if (ours === undefined) {
    walk.taken.push(at);
    return asItIs(theirs);
  }
  if (BY_ID.has(at) && Array.isArray(theirs) && Array.isArray(ours)) return added(theirs, ours, walk);
  if (JSON.stringify(theirs) !== JSON.stringify(ours))
    walk.left.push({ at, text: "is set here already, and stays as it is" });
  return undefined;
}

function added(theirs: readonly unknown[], ours: readonly unknown[], { path, taken }: Walk): unknown {
  const known = new Set(ours.map(idOf));
  const fresh = theirs.filter((each) => !known.has(idOf(each)));
  if (fresh.length === 0) return undefined;
  for (const each of fresh) taken.push(`${path.join(".")}.${idOf(each)}`);
  return [...ours, ...fresh.map(asItIs)];
}

/** Their values with texts that mean themselves: our file must not put variables of ours into them. */
function asItIs(value: unknown): unknown {
  if (typeof value === "string") return withoutVariables(value);
  if (Array.isArray(value)) return value.map(asItIs);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asItIs(each)]));
}

function idOf(value: unknown): string {
  return isRecord(value) ? String(value.id) : JSON.stringify(value);
}

function has(value: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return false;
  return has((value as Record<string, unknown>)[key], rest);
}

/** A value without the member at a path. */
function without(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return undefined;
  if (Array.isArray(value)) {
    const index = Number(key);
    return rest.length === 0
      ? value.filter((_each, at) => at !== index)
      : value.map((each, at) => (at === index ? without(each, rest) : each));
  }
  if (!isRecord(value)) return value;
  if (rest.length > 0) return { ...value, [key]: without(value[key], rest) };
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
}
