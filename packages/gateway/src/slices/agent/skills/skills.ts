/** Skills: instructions for particular work, listed to agents that can use them and read when they are needed. */

import { join, resolve } from "node:path";
import { defined } from "../../../base/defined.ts";
import { invalidRequest } from "../../../base/errors.ts";
import { expandHome } from "../../../base/files.ts";
import type { Base } from "../../../kit/base.ts";
import { keyProblem } from "../../../kit/schema/keys-and-addresses.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type Eligibility, entryOf, findProgram, judge } from "./eligibility.ts";
import { type InstallResult, installStep } from "./installer.ts";
import { type BrokenSkill, filesOf, Library, readSkillFile, type Skill, type SkillRoot } from "./library.ts";
import { isHarmlessVariable, splitSkill } from "./manifest.ts";
import { type SkillEntry, type SkillSettings, skills as section } from "./settings.ts";

/** What the skills are built from. */
export interface SkillServices extends Base {
  readonly workspace: Workspace;
}

/** A skill, and whether it can be used. */
export interface JudgedSkill extends Skill {
  readonly verdict: Eligibility;
}

/** A change of a skill's settings; "" removes a value. */
export interface SkillChange {
  readonly enabled?: boolean;
  readonly apiKey?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const PROGRAM_KNOWN_MS = 10_000;
const KEY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export class Skills {
  readonly #services: SkillServices;
  readonly #library = new Library();
  readonly #programs = new Map<string, { readonly is: boolean; readonly at: number }>();
  readonly #lists = new Map<string, readonly JudgedSkill[]>();

  constructor(services: SkillServices) {
    this.#services = services;
  }

  /** The folder of skills that all agents share. */
  get managedFolder(): string {
    return join(this.#services.stateDir, "skills");
  }

  /** All skills of an agent as they are on disk now, and folders that are none. */
  async all(agentId: string): Promise<{ skills: readonly JudgedSkill[]; broken: readonly BrokenSkill[] }> {
    const { config, env } = this.#services;
    const facts = {
      settings: this.#settings,
      env,
      config: config.snapshot().config,
      platform: process.platform,
      hasProgram: (name: string) => this.#hasProgram(name),
    };
    const { skills, broken } = await this.#library.read(this.#rootsOf(agentId));
    const judged = skills.map((skill) => ({ ...skill, verdict: judge(skill, facts) }));
    this.#lists.set(agentId, judged);
    return { skills: judged, broken };
  }

  /** The skills that an agent can use now. */
  async usable(agentId: string): Promise<readonly JudgedSkill[]> {
    const { skills } = await this.all(agentId);
    return skills.filter(({ verdict }) => verdict.eligible);
  }

  /** Those of the last look, without looking again. */
  known(agentId: string): readonly JudgedSkill[] {
    return (this.#lists.get(agentId) ?? []).filter(({ verdict }) => verdict.eligible);
  }

  /** What a skill says, or what another of its files says. Throws `INVALID_REQUEST` for what does not belong to it. */
  read(skill: Skill, file?: string): string {
    const text = readSkillFile(skill, file);
    if (file !== undefined) return text;
    const others = filesOf(skill);
    const more = others.length === 0 ? "" : `; its other files: ${others.join(", ")}`;
    return `[${skill.name}, in ${skill.folder}${more}]\n\n${splitSkill(text).body.replaceAll("{baseDir}", skill.folder)}`;
  }

  /** The environment that an agent's commands are given for its skills: their keys and variables. */
  envFor(agentId: string): Record<string, string> {
    const given: Record<string, string> = {};
    for (const skill of this.known(agentId)) {
      const { apiKey, env = {} } = entryOf(skill, this.#settings);
      if (apiKey && skill.primaryEnv !== undefined) given[skill.primaryEnv] ??= apiKey;
      for (const [name, value] of Object.entries(env)) {
        if (value !== "" && isHarmlessVariable(name)) given[name] ??= value;
      }
    }
    return given;
  }

  /** Every program that some agent's skill asks for, by name. */
  async programs(agentIds: readonly string[]): Promise<string[]> {
    const names = new Set<string>();
    for (const agentId of agentIds) {
      for (const { requires, install } of (await this.all(agentId)).skills) {
        for (const name of [...requires.bins, ...requires.anyBins, ...install.flatMap(({ bins }) => bins)]) {
          names.add(name);
        }
      }
    }
    return [...names].sort();
  }

  /** Runs one of the ways to install what a skill needs. Throws `INVALID_REQUEST` when the skill has no such way. */
  async install(
    agentId: string,
    name: string,
    installId: string,
    options: { timeoutMs: number; signal: AbortSignal },
  ): Promise<InstallResult> {
    const skill = (await this.all(agentId)).skills.find((each) => each.name === name);
    if (!skill) throw invalidRequest(`there is no skill "${name.slice(0, 64)}"; see skills.status`);
    const step = skill.install.find(({ id }) => id === installId);
    if (!step) {
      const ids = skill.install.map(({ id }) => id).join(", ");
      throw invalidRequest(
        `${skill.name} has no way to install "${installId.slice(0, 64)}"; it has ${ids === "" ? "none" : ids}`,
      );
    }
    const { clock, env, log, stateDir } = this.#services;
    log.info("installing what a skill needs", { skill: skill.name, kind: step.kind, what: step.what });
    const installed = await installStep(step, {
      ...{ clock, env, ...options },
      nodeManager: this.#settings.install.nodeManager,
      folder: join(stateDir, "tools", skill.skillKey),
    });
    this.#programs.clear();
    log.info("an installation has ended", { skill: skill.name, ok: installed.ok, code: installed.code });
    return installed;
  }

  /** Changes a skill's settings in the config file; returns them as they are then. Throws `INVALID_REQUEST`. */
  async update(skillKey: string, { enabled, apiKey, env }: SkillChange): Promise<SkillEntry> {
    if (!KEY.test(skillKey)) throw invalidRequest("skillKey must be letters, digits, dots, - and _, 64 at most");
    const unfit = Object.keys(env ?? {}).find((name) => !isHarmlessVariable(name));
    if (unfit !== undefined)
      throw invalidRequest(`${JSON.stringify(unfit.slice(0, 64))} is not a variable that a skill may set`);
    const problem = keyProblem(apiKey ?? "");
    if (problem !== undefined) throw invalidRequest(`apiKey ${problem}`);
    const removed = (value: string) => (value.trim() === "" ? null : value.trim());
    const change = {
      ...defined({ enabled }),
      ...(apiKey !== undefined && { apiKey: removed(apiKey) }),
      ...(env && { env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, removed(value)])) }),
    };
    const { config } = this.#services;
    const { raw, hash } = config.snapshot();
    const { patchConfigText } = await import("../../../base/config/config-edit.ts");
    config.write(patchConfigText(raw ?? "", { skills: { entries: { [skillKey]: change } } }), hash);
    return this.#settings.entries?.[skillKey] ?? {};
  }

  get #settings(): SkillSettings {
    return this.#services.config.of(section).current;
  }

  #rootsOf(agentId: string): SkillRoot[] {
    const { workspace, stateDir } = this.#services;
    const extra = this.#settings.load.extraDirs ?? [];
    return [
      { source: "workspace", path: join(workspace.pathOf(agentId), "skills") },
      { source: "managed", path: this.managedFolder },
      ...extra.map((path) => ({ source: "extra" as const, path: resolve(stateDir, expandHome(path)) })),
    ];
  }

  #hasProgram(name: string): boolean {
    const now = this.#services.clock.monotonic();
    const known = this.#programs.get(name);
    if (known && now - known.at < PROGRAM_KNOWN_MS) return known.is;
    const is = findProgram(name, this.#services.env);
    this.#programs.set(name, { is, at: now });
    return is;
  }
}
