// What all agents share: skills, and the commands that run without asking.

import { html, nothing, type TemplateResult } from "lit";
import { ask } from "../chat/dialog.ts";
import { words } from "../chat/words.ts";
import { shellWord } from "../control/shell-word.ts";
import { emptyState } from "../kit/parts.ts";
import { openWhy } from "../kit/why.ts";
import { shortAge } from "../time.ts";
import type { AllowedCommand, Skill } from "../tools/skills.ts";
import type { Tools } from "../tools/tools.ts";
import type { PageHost } from "../view.ts";
import { t } from "../words/t.ts";

/** Announces the result, also to screen readers. */
export type Say = (text: string) => void;

/** The skills, each with a switch and with what it lacks. */
export function skillsList(host: PageHost, tools: Tools, say: Say): TemplateResult | typeof nothing {
  const { skills } = tools.state;
  if (skills === undefined) return nothing;
  return html`<section aria-labelledby="skills-title">
    <h2 id="skills-title">Skills</h2>
    <p class="meta">Instructions that every agent reads when it needs them.</p>
    ${
      skills.length === 0
        ? emptyState(
            t("None yet."),
            html`<code>moltbot skills search</code> finds some; a folder with a SKILL.md in the agent’s workspace is one too.`,
          )
        : html`<ul class="rows">${skills.map((skill) => skillRow(host, skill, { tools, say }))}</ul>`
    }
  </section>`;
}

function skillRow(
  host: PageHost,
  skill: Skill,
  { tools, say }: { readonly tools: Tools; readonly say: Say },
): TemplateResult {
  const { name, description, emoji, isOn, problem } = skill;
  const change = async (event: Event) => {
    const wanted = (event.target as HTMLInputElement).checked;
    await tools.enable(skill, wanted);
    say(wanted ? t("{0} is on.", name) : t("{0} is off.", name));
  };
  return html`<li class="plain-row">
    <span class="grow">
      ${emoji} <strong>${name}</strong> <span class="meta">${description}</span>
      ${problem === undefined ? nothing : html`<span class="problem">${words(problem)}</span>`}
    </span>
    <button type="button" class="text-button" aria-label=${t("Why: {0}", name)} @click=${() => whySkill(host, skill)}>Why</button>
    ${
      tools.mayChangeSkills
        ? html`<label class="switch"><span class="visually-hidden">Use ${name}</span>
            <input type="checkbox" role="switch" .checked=${isOn} @change=${change} /></label>`
        : html`<span class="state ${isOn ? "good" : ""}"><span class="dot"></span>${isOn ? t("on") : t("off")}</span>`
    }
  </li>`;
}

function whySkill(host: PageHost, { skillKey, name, description, isOn, problem }: Skill): void {
  const usual = isOn ? t("Agents read it when they need it.") : t("It is switched off, so no agent is told of it.");
  openWhy(host, {
    title: name,
    because: problem ?? usual,
    facts: [[t("What it is for"), description]],
    setting: { path: `skills.entries.${skillKey}.enabled`, ...(!isOn && { value: false }) },
    command: `moltbot skills show ${shellWord(skillKey)}`,
  });
}

/** The commands that run without asking. */
export function allowedCommandsList(tools: Tools, say: Say): TemplateResult | typeof nothing {
  const { allowed } = tools.state;
  if (allowed === undefined) return nothing;
  return html`<section aria-labelledby="allowed-title">
    <h2 id="allowed-title">Allowed commands</h2>
    <p class="meta">They run without asking. “Always allow” adds to this list.</p>
    ${
      allowed.length === 0
        ? emptyState(t("None."), t("Every command asks you first, but for those that only look."))
        : html`<ul class="rows">${allowed.map((command) => commandRow(tools, command, say))}</ul>`
    }
  </section>`;
}

function commandRow(tools: Tools, command: AllowedCommand, say: Say): TemplateResult {
  const { agentId, lastUsedAt, lastUsedCommand, note } = command;
  return html`<li class="plain-row">
    <span class="grow">
      <code>${command.command}</code> ${note === undefined ? nothing : html`<span class="meta">${note}</span>`}
      <span class="meta">${agentId === "*" ? t("every agent") : agentId}${lastUsedAt === undefined ? nothing : html` · last used ${shortAge(lastUsedAt)}`}${
        lastUsedCommand === undefined ? nothing : html`: <code>${lastUsedCommand}</code>`
      }</span>
    </span>
    ${
      tools.mayChangeCommands
        ? html`<button type="button" class="text-button" aria-label=${t("Ask again for {0}", command.command)} @click=${() => forbid(tools, command, say)}>Ask again</button>`
        : nothing
    }
  </li>`;
}

async function forbid(tools: Tools, command: AllowedCommand, say: Say): Promise<void> {
  const answer = await ask({
    title: t("Ask again for “{0}”?", command.command),
    text: t("The next time a command needs it, it waits for your approval."),
    confirm: t("Ask again"),
  });
  if (answer === undefined) return;
  await tools.forbid(command);
  say(t("{0} needs approval again.", command.command));
}
