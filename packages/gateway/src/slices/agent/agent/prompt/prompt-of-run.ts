/** Gathers what the gateway knows for a run's system prompt (`prompt.ts`), and reports what goes in. */
import { GatewayError } from "../../../../base/errors.ts";
import type { Caller } from "../../../../kit/access.ts";
import { tokensIn } from "../../../../kit/text/tokens.ts";
import type { Tool, ToolRun } from "../../../../kit/tool.ts";
import type { AgentServices } from "../services.ts";
import { audienceOf } from "../toolbox/tool-policy.ts";
import type { Toolbox } from "../toolbox/toolbox.ts";
import { OPERATOR_ID } from "./framed-parts.ts";
import { type PromptFile, type PromptSection, promptSections, promptText } from "./prompt.ts";

/** The facts of one run. */
interface OfThisRun {
  readonly tools: readonly Tool[];
  readonly extra?: string | undefined;
  readonly mark: string;
}

/** The agent of the prompt. */
interface PromptedAgent {
  readonly toolbox: Toolbox;
}

/**
 * The sections of a run's prompt: files as they are now, skills as last read. Never throws for problems of the
 * workspace.
 */
export function sectionsOf(
  { agents, workspace, skills, clock }: AgentServices,
  run: Pick<ToolRun, "agentId" | "sessionKey" | "audience" | "deliver" | "isOverheard" | "starter">,
  { tools, extra, mark }: OfThisRun,
): PromptSection[] {
  return promptSections({
    ...run,
    name: agents.identity(run.agentId).name,
    now: clock.now(),
    timeZone: workspace.timeZone,
    tools: tools.map(({ name }) => name),
    skills: skills.known(run.agentId),
    files: filesOf(() => workspace.pagesFor(run)),
    budget: agents.settings.defaults.context,
    extra,
    mark,
    worksFor: starterIn(run.starter),
  });
}

/** Who started a run, as frames name them. */
function starterIn({ principal }: ToolRun["starter"]): string {
  return principal.startsWith("channel:") ? principal.slice("channel:".length) : OPERATOR_ID;
}

/** Reads files of the workspace. A problem is told in the prompt, and the run goes on. */
function filesOf(read: () => readonly PromptFile[]): readonly PromptFile[] {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return [{ path: "workspace", text: "", problem: error.message }];
  }
}

/** The subject of the report: an agent, or a session of one. */
export interface ReportOf {
  readonly agentId: string;
  readonly sessionKey: string;
}

const CHARS_PER_TOKEN = 4;
/** A placeholder for the mark of a run, of equal length. */
const EXAMPLE_MARK = "0000000000000000";

/** A report of the prompt of a run that the caller would start now, with sizes. `full` adds the texts. */
export async function reportOf(
  services: AgentServices,
  agent: PromptedAgent,
  { agentId, sessionKey }: ReportOf,
  { caller, full, signal }: { caller: Caller; full: boolean; signal: AbortSignal },
) {
  const { principal, scopes } = caller;
  const starter = { principal, scopes: [...scopes], name: caller.client.displayName ?? caller.client.id };
  const run = { id: "", sessionId: "", agentId, sessionKey, starter, audience: audienceOf(starter) };
  const tools = await agent.toolbox.toolsFor(run, signal);
  await services.skills.usable(agentId);
  const sections = sectionsOf(services, run, { tools, mark: EXAMPLE_MARK });
  const sizes = tools.map(({ name, summary, params }) => ({
    name,
    chars: name.length + summary.length + JSON.stringify(params).length,
  }));
  return {
    agentId,
    sessionKey,
    sections: sections.map(({ text, ...section }) => ({ ...section, ...sizeOf(text), ...(full && { text }) })),
    tools: sizes,
    totals: {
      prompt: sizeOf(promptText(sections)),
      tools: sizeOf(tools.map(({ name, summary, params }) => name + summary + JSON.stringify(params)).join("")),
      contextWindow: services.models.chosen.defaultModel()?.contextWindow ?? null,
    },
  };
}

function sizeOf(text: string): { chars: number; tokens: number } {
  return { chars: text.length, tokens: Math.ceil(tokensIn(text, CHARS_PER_TOKEN)) };
}
