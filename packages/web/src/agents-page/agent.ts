// One agent over the protocol client: what is read for its page, and what its switches do.

import type {
  AgentPromptResult,
  ConfigGetResult,
  McpStatusResult,
  ModelsListResult,
  ToolsListResult,
} from "@moltbot/protocol";
import { askIfOffered, type PageHost } from "../view.ts";
import { type Change, modelChange, toolChange } from "./effects.ts";

/** What the page shows of an agent; a part is undefined where the connection may not ask. */
export interface AgentFacts {
  readonly prompt: AgentPromptResult | undefined;
  readonly tools: ToolsListResult["tools"] | undefined;
  readonly config: ConfigGetResult | undefined;
  readonly mcp: McpStatusResult["servers"] | undefined;
  readonly models: ModelsListResult["models"] | undefined;
}

/** Reads everything about an agent. */
export async function readAgent(host: PageHost, agentId: string): Promise<AgentFacts> {
  const sessionKey = `agent:${agentId}:main`;
  const ask = askIfOffered(host);
  const [prompt, tools, config, mcp, models] = await Promise.all([
    host.may("admin") ? ask("agent.prompt", { agentId }) : undefined,
    ask("tools.list", { sessionKey }),
    ask("config.get"),
    ask("mcp.status"),
    ask("models.list"),
  ]);
  return { prompt, tools: tools?.tools, config, mcp: mcp?.servers, models: models?.models };
}

/** Switches a tool. Resolves with the setting that was changed; undefined when it was refused. */
export async function switchTool(
  host: PageHost,
  facts: AgentFacts,
  wanted: { agentId: string; tool: string; isOn: boolean },
): Promise<string | undefined> {
  return await write(host, facts, toolChange(facts.config?.parsed, wanted));
}

/** Chooses the model of an agent: in its own entry of the config, else the default of all. */
export async function chooseModel(
  host: PageHost,
  facts: AgentFacts,
  agentId: string,
  model: string,
): Promise<string | undefined> {
  const change = modelChange(facts.config?.parsed, agentId, model);
  if (change !== undefined) return await write(host, facts, change);
  const answer = await host.ask("models.set", { model });
  return answer && "agents.defaults.model";
}

async function write(host: PageHost, { config }: AgentFacts, change: Change | undefined): Promise<string | undefined> {
  if (change === undefined || config === undefined) return undefined;
  const params = { raw: JSON.stringify(change.patch), ...(config.hash !== "" && { baseHash: config.hash }) };
  const answer = await host.ask("config.patch", params);
  return answer && change.path;
}
