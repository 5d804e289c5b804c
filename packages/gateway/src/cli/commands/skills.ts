/** `moltbot skills` — what agents know how to do: which skills there are, what they need, and getting it. */

import type { SkillsStatusResult } from "@moltbot/protocol";
import { defined } from "../../base/defined.ts";
import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { CliError } from "../language/exit.ts";
import { nearest } from "../language/nearest.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { facts, printable, table } from "../terminal/render.ts";

type Skill = SkillsStatusResult["skills"][number];

const list = defineCommand({
  summary: "List the skills, and which of them can be used",
  run: (call) =>
    withGateway(call, async (link) => {
      const { out } = call;
      const status = await readStatus(link);
      if (call.flags.json) return out.json(status);
      const { skills, broken, workspaceDir, managedSkillsDir } = status;
      if (skills.length === 0) {
        const places = `${workspaceDir}/skills, or for all agents into ${managedSkillsDir}`;
        out.print(`There are no skills. Put a folder with a SKILL.md into ${places}.`);
      } else {
        const columns = [
          { title: "", paint: out.style.green },
          { title: "Skill" },
          { title: "From" },
          { title: "State" },
          { title: "Description", flexible: true },
        ];
        const rows = skills.map((skill) => [
          ...[skill.eligible ? "●" : "", skill.name, skill.source, stateOf(skill), printable(skill.description)],
        ]);
        out.print(table(columns, rows, out));
        out.print(out.style.dim("\nSee what one needs with `moltbot skills show NAME`."));
      }
      for (const { folder, problem } of broken) {
        out.print(out.style.yellow(`${printable(folder)} is not a skill: ${printable(problem)}.`));
      }
    }),
});

const show = defineCommand({
  summary: "Show a skill, what it needs, and what is missing",
  positionals: [{ name: "NAME", completes: "skill" }],
  run: (call) =>
    withGateway(call, async (link) => {
      const { out } = call;
      const skill = await named(link, call.words[0] ?? "");
      if (call.flags.json) return out.json(skill);
      const { bold, dim } = out.style;
      const sign = skill.emoji === undefined ? "" : `${printable(skill.emoji)} `;
      out.print(`${sign}${bold(skill.name)} ${dim(stateOf(skill))}\n${printable(skill.description)}\n`);
      const needs = Object.entries(skill.requirements).map(([kind, names]) => [
        ...[NEEDS[kind as keyof typeof NEEDS], withMarks(names, skill.missing[kind as keyof typeof NEEDS])],
      ]) as [string, string | undefined][];
      const ways = skill.install.map(({ id, label }, at) => [at === 0 ? "Install" : "", `${id}: ${label}`] as const);
      const home = ["Homepage", skill.homepage && printable(skill.homepage)] as const;
      const key = ["API key", skill.primaryEnv && `fills ${skill.primaryEnv}`] as const;
      out.print(facts([["Folder", skill.baseDir], home, ...needs, key, ...ways], out));
      const advice = adviceFor(skill);
      if (advice !== undefined) out.print(dim(`\n${advice}`));
    }),
});

const keyFlags = {
  "api-key": { kind: "text", value: "KEY", summary: "Keep this key for it; empty removes it" },
} as const;

const enable = defineCommand({
  summary: "Let agents use a skill, and keep its key",
  positionals: [{ name: "NAME", completes: "skill" }],
  flags: keyFlags,
  run: (call) => withGateway(call, (link) => change(call, link, { enabled: true, apiKey: call.flags["api-key"] })),
});

const disable = defineCommand({
  summary: "Keep agents from using a skill",
  positionals: [{ name: "NAME", completes: "skill" }],
  run: (call) => withGateway(call, (link) => change(call, link, { enabled: false })),
});

const install = defineCommand({
  summary: "Install what a skill needs, in a way that it declares",
  positionals: [
    { name: "NAME", completes: "skill" },
    { name: "WAY", optional: true },
  ],
  examples: ["moltbot skills install weather", "moltbot skills install weather brew"],
  run: (call) =>
    withGateway(call, async (link) => {
      const { out, words } = call;
      const skill = await named(link, words[0] ?? "");
      const way = skill.install.find(({ id }) => id === words[1]) ?? onlyWay(skill, words[1]);
      const params = { name: skill.name, installId: way.id };
      const asked = link.client.request("skills.install", params, { timeoutMs: INSTALL_LIMIT_MS });
      const installed = await out.during(way.label, asked);
      if (call.flags.json) return out.json(installed);
      out.print(`${out.style.green("●")} ${skill.name}: ${printable(installed.message)}.`);
    }),
});

/** Skills. */
export const skills = defineGroup({
  summary: "List the skills of agents and set them up",
  formerly: { info: "show" },
  alone: list,
  commands: { list, show, enable, disable, install },
});

const INSTALL_LIMIT_MS = 310_000;
const NEEDS = { bins: "Programs", anyBins: "One of", env: "Variables", config: "Settings", os: "Systems" };

async function readStatus({ client, timeoutMs }: Link): Promise<SkillsStatusResult> {
  return await client.request("skills.status", {}, { timeoutMs });
}

async function named(link: Link, name: string): Promise<Skill> {
  const { skills: all } = await readStatus(link);
  const found = all.find((skill) => skill.name === name);
  if (found) return found;
  const close = nearest(
    name,
    all.map((skill) => skill.name),
  );
  const hint = close === undefined ? "" : ` Did you mean ${close}?`;
  throw new CliError(`There is no skill ${JSON.stringify(name)}.${hint} See \`moltbot skills list\`.`);
}

function stateOf({ eligible, disabled, blockedByAllowlist, missing }: Skill): string {
  if (disabled) return "switched off";
  if (blockedByAllowlist) return "not allowed";
  if (eligible) return "ready";
  const what = Object.entries(missing).filter(([, names]) => names.length > 0);
  return `needs ${what.map(([kind]) => (kind === "os" ? "another system" : NEEDS[kind as keyof typeof NEEDS].toLowerCase())).join(", ")}`;
}

function withMarks(names: readonly string[], missing: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  return names.map((name) => (missing.includes(name) ? `${printable(name)} (missing)` : printable(name))).join(", ");
}

function adviceFor({
  name,
  disabled,
  blockedByAllowlist,
  missing,
  install: ways,
  skillKey,
}: Skill): string | undefined {
  if (disabled) return `Switch it on with \`moltbot skills enable ${name}\`.`;
  if (blockedByAllowlist) return "Add it to skills.allow in the config.";
  if (missing.bins.length + missing.anyBins.length > 0 && ways.length > 0)
    return `Get its programs with \`moltbot skills install ${name}\`.`;
  if (missing.env.length > 0)
    return `Give it its key with \`moltbot skills enable ${name} --api-key KEY\`, or set skills.entries.${skillKey}.env.`;
  return undefined;
}

async function change(
  call: Call,
  link: Link,
  { enabled, apiKey }: { enabled: boolean; apiKey?: string | undefined },
): Promise<void> {
  const { skillKey, name } = await named(link, call.words[0] ?? "");
  const params = { skillKey, enabled, ...defined({ apiKey }) };
  const answer = await link.client.request("skills.update", params, { timeoutMs: link.timeoutMs });
  if (call.flags.json) return call.out.json(answer);
  call.out.print(`${name}: ${stateOf(await named(link, name))}.`);
}

function onlyWay({ name, install: ways }: Skill, wanted: string | undefined): Skill["install"][number] {
  const [first, ...others] = ways;
  if (!first) throw new CliError(`${name} declares no way to install what it needs; see its homepage.`);
  if (wanted === undefined && others.length === 0) return first;
  const ids = ways.map(({ id }) => id).join(", ");
  throw new CliError(
    wanted === undefined
      ? `${name} can be installed in several ways; name one: ${ids}.`
      : `${name} has no way ${JSON.stringify(wanted)} to install; it has ${ids}.`,
  );
}
