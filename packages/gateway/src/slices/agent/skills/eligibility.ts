/** Whether a skill can work here: its programs, variables, settings and platform. */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { isRecord } from "../../../base/config/config.ts";
import type { Env } from "../../../base/files.ts";
import type { Skill } from "./library.ts";
import type { Requirements } from "./manifest.ts";
import type { SkillEntry, SkillSettings } from "./settings.ts";

/** A setting that a skill asks for. */
export interface ConfigCheck {
  readonly path: string;
  /** Numbers and switches as they are; anything else only as "set". */
  readonly value: boolean | number | string | null;
  readonly satisfied: boolean;
}

/** The verdict on a skill. */
export interface Eligibility {
  readonly disabled: boolean;
  readonly blockedByAllowlist: boolean;
  readonly eligible: boolean;
  readonly missing: Requirements;
  readonly configChecks: readonly ConfigCheck[];
}

/** What the verdict rests on. */
export interface Facts {
  readonly settings: SkillSettings;
  readonly env: Env;
  /** The values of all settings in force. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly platform: string;
  hasProgram(name: string): boolean;
}

export function judge(skill: Skill, facts: Facts): Eligibility {
  const entry = entryOf(skill, facts.settings);
  const { requires } = skill;
  const configChecks = requires.config.map((path) => checkSetting(path, facts.config));
  const missing: Requirements = {
    bins: requires.bins.filter((name) => !facts.hasProgram(name)),
    anyBins: requires.anyBins.some((name) => facts.hasProgram(name)) ? [] : requires.anyBins,
    env: requires.env.filter((name) => !isSet(name, skill, entry, facts.env)),
    config: configChecks.filter(({ satisfied }) => !satisfied).map(({ path }) => path),
    os: requires.os.length === 0 || requires.os.includes(facts.platform) ? [] : requires.os,
  };
  const { bins, anyBins, env, config, os } = missing;
  const hasAll = skill.always || [bins, anyBins, env, config].every((each) => each.length === 0);
  const disabled = entry.enabled === false;
  const blockedByAllowlist = facts.settings.allow !== undefined && !facts.settings.allow.includes(skill.name);
  const eligible = !disabled && !blockedByAllowlist && os.length === 0 && hasAll;
  return { disabled, blockedByAllowlist, eligible, missing, configChecks };
}

/** The settings of a skill. */
export function entryOf({ skillKey, name }: Skill, { entries = {} }: SkillSettings): SkillEntry {
  return [skillKey, name].filter((key) => Object.hasOwn(entries, key)).map((key) => entries[key])[0] ?? {};
}

/** Whether a program can be found on this search path. */
export function findProgram(name: string, { PATH = "" }: Env): boolean {
  return PATH.split(delimiter).some((folder) => folder !== "" && isProgram(join(folder, name)));
}

function isProgram(path: string): boolean {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isSet(name: string, { primaryEnv }: Skill, entry: SkillEntry, env: Env): boolean {
  return Boolean(env[name] || entry.env?.[name] || (name === primaryEnv && entry.apiKey));
}

function checkSetting(path: string, config: Readonly<Record<string, unknown>>): ConfigCheck {
  const value = path
    .split(".")
    .reduce<unknown>((here, name) => (isRecord(here) && Object.hasOwn(here, name) ? here[name] : undefined), config);
  const satisfied = Boolean(value);
  const shown = typeof value === "boolean" || typeof value === "number" ? value : satisfied ? "set" : null;
  return { path, value: shown, satisfied };
}
