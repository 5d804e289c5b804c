/** The methods of skills (protocol: skills). */

import { type Static, Type } from "@sinclair/typebox";
import { defined } from "../../../base/defined.ts";
import { GatewayError } from "../../../base/errors.ts";
import { Id, NonEmpty } from "../../../kit/schema/schema.ts";
import { BrokenSkill, InstallResult, SkillConfig, SkillStatus } from "./schema.ts";
import type { SkillEntry } from "./settings.ts";
import type { JudgedSkill } from "./skills.ts";
import { defineMethod, type Gateway } from "./slice.ts";

const INSTALL_TIMEOUT_MS = 300_000;
const MAX_INSTALL_TIMEOUT_MS = 900_000;

export const status = defineMethod({
  name: "skills.status",
  summary: "The default agent's skills: where they are, what they need, and what is missing.",
  access: "operator.read",
  params: {},
  result: Type.Object({
    workspaceDir: NonEmpty,
    managedSkillsDir: NonEmpty,
    skills: Type.Array(SkillStatus),
    broken: Type.Array(BrokenSkill, { description: "Folders with a SKILL.md that cannot be read." }),
  }),
  handler: ({ gateway }) => statusOf(gateway, gateway.agents.defaultId),
  four: {
    params: { agentId: Type.Optional(Id) },
    handler: ({ params, gateway }) =>
      statusOf(gateway, gateway.sessions.agentOf(gateway.sessions.keyOf("main", params.agentId))),
  },
});

async function statusOf({ skills, workspace }: Gateway, agentId: string) {
  const { skills: all, broken } = await skills.all(agentId);
  return {
    workspaceDir: workspace.pathOf(agentId),
    managedSkillsDir: skills.managedFolder,
    skills: all.map(toStatus),
    broken: [...broken],
  };
}

export const install = defineMethod({
  name: "skills.install",
  summary: "Installs what a skill needs, in one of the ways that it declares.",
  access: "operator.admin",
  params: {
    name: Type.String({ minLength: 1, maxLength: 64 }),
    installId: Type.String({ minLength: 1, maxLength: 64 }),
    timeoutMs: Type.Optional(
      Type.Integer({ minimum: 1_000, maximum: MAX_INSTALL_TIMEOUT_MS, description: "300,000." }),
    ),
  },
  result: InstallResult,
  async handler({ params: { name, installId, timeoutMs = INSTALL_TIMEOUT_MS }, gateway, signal }) {
    const agentId = gateway.agents.defaultId;
    const installed = await gateway.skills.install(agentId, name, installId, { timeoutMs, signal });
    if (!installed.ok) throw new GatewayError("UNAVAILABLE", installed.message, { payload: installed });
    return installed;
  },
});

export const update = defineMethod({
  name: "skills.update",
  summary: "Switches a skill on or off, or sets its key and variables in the config; an empty value removes one.",
  access: "operator.admin",
  params: {
    skillKey: Type.String({ minLength: 1, maxLength: 64 }),
    enabled: Type.Optional(Type.Boolean()),
    apiKey: Type.Optional(Type.String({ maxLength: 4_096 })),
    env: Type.Optional(Type.Record(Type.String({ maxLength: 128 }), Type.String({ maxLength: 4_096 }))),
  },
  result: Type.Object({ ok: Type.Literal(true), skillKey: NonEmpty, config: SkillConfig }),
  async handler({ params: { skillKey, ...change }, gateway }) {
    return { ok: true as const, skillKey, config: toConfig(await gateway.skills.update(skillKey, change)) };
  },
});

export const bins = defineMethod({
  name: "skills.bins",
  summary: "The programs that skills ask for, for a node that can look for them.",
  access: "node",
  params: {},
  result: Type.Object({ bins: Type.Array(NonEmpty) }),
  handler: async ({ gateway: { agents, skills } }) => ({ bins: await skills.programs(agents.ids()) }),
});

function toStatus(skill: JudgedSkill): Static<typeof SkillStatus> {
  const { source, folder, verdict, requires, install: steps, ...own } = skill;
  const { missing, configChecks, ...judged } = verdict;
  return {
    ...own,
    ...judged,
    source,
    filePath: `${folder}/SKILL.md`,
    baseDir: folder,
    requirements: lists(requires),
    missing: lists(missing),
    configChecks: [...configChecks],
    install: steps.map(({ id, kind, label, bins: programs }) => ({ id, kind, label, bins: [...programs] })),
  };
}

function lists({ bins: programs, anyBins, env, config, os }: JudgedSkill["requires"]) {
  return { bins: [...programs], anyBins: [...anyBins], env: [...env], config: [...config], os: [...os] };
}

const HIDDEN = "__REDACTED__";

/** What is set, never the values. */
function toConfig({ enabled, apiKey, env }: SkillEntry): Static<typeof SkillConfig> {
  return {
    ...defined({ enabled }),
    ...(apiKey !== undefined && { apiKey: HIDDEN }),
    ...(env && { env: Object.fromEntries(Object.keys(env).map((name) => [name, HIDDEN])) }),
  };
}
