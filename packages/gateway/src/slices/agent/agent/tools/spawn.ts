/** `spawn`: gives a task to a sub-agent, which works in a conversation of its own. */

import { Type } from "@sinclair/typebox";
import { defined } from "../../../../base/defined.ts";
import { invalidRequest } from "../../../../base/errors.ts";
import { OneOf } from "../../../../kit/schema/schema.ts";
import type { ToolLimits, ToolRun } from "../../../../kit/tool.ts";
import { normalAgentId } from "../../../core/agents/agents.ts";
import type { AgentSettings } from "../../../core/agents/settings.ts";
import type { Thinking } from "../../models/port.ts";
import { answerOf } from "../delegations/delegation-text.ts";
import { defineTool, type Gateway } from "../slice.ts";

const INSTRUCTIONS =
  "You are a sub-agent: another agent has given you the task below and reads your last message; no person does. " +
  "Do the task, do not ask back, and end with its result and how sure you are of it.";

export const spawn = defineTool({
  name: "spawn",
  summary:
    "Gives a task to a sub-agent that works beside you, in a conversation of its own, and knows only what you write. " +
    "With wait you get its result; else you go on, and its result is told here when it is there.",
  audience: "owner",
  changes: false,
  // The sub-agent has a limit of its own.
  timeoutMs: 25 * 3_600_000,
  params: {
    task: Type.String({ minLength: 1, maxLength: 100_000, description: "All it has to know." }),
    label: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: "What people see it called." })),
    agentId: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: "Another agent that does it." })),
    model: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "provider/model." })),
    thinking: Type.Optional(OneOf("off", "minimal", "low", "medium", "high", "xhigh")),
    tools: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
        maxItems: 50,
        description: "The only tools that it may use; of yours, never more.",
      }),
    ),
    timeoutSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
    wait: Type.Optional(Type.Boolean({ description: "Wait for its result." })),
  },
  async run({ params, gateway, run, callId, signal }) {
    const { agent, agents } = gateway;
    const { delegations } = agent;
    const { task, wait = false, timeoutSeconds, thinking } = params;
    const { subagents } = agents.settings.defaults;
    const id = delegations.idOf("spawn", run, callId);
    const agentId = agentOf(params.agentId, run, gateway);
    const sessionKey = `agent:${agentId}:subagent:${id.slice("spawn-".length)}`;
    const label = params.label ?? task.replace(/\s+/g, " ").trim().slice(0, 40);
    if (!agent.runs.known(id)) {
      if (delegations.count("spawn", run.id) >= subagents.maxPerRun)
        throw invalidRequest(
          `one run starts ${subagents.maxPerRun} sub-agents at the most (agents.defaults.subagents.maxPerRun)`,
        );
      prepare(sessionKey, { ...params, label }, run, gateway);
    }
    const depth = depthOf(run, gateway) + 1;
    const runId = delegations.start({
      ...{ kind: "spawn", parent: run, callId, sessionKey, label, message: task },
      request: {
        timeoutMs: Math.min(timeoutSeconds ?? subagents.timeoutSeconds, subagents.timeoutSeconds) * 1_000,
        thinking: thinking as Thinking | undefined,
        extraSystemPrompt: INSTRUCTIONS,
        depth,
        hops: agent.runs.record(run.id)?.request.hops,
      },
      limits: limitsOf(subagents, depth, params.tools),
      isAnnounced: !wait,
    });
    if (!wait) return `The sub-agent “${label}” works (${sessionKey}); its result is told here when it is there.`;
    const result = await delegations.wait(runId, run, { signal, isOwn: true });
    const { text, isError } = answerOf(result!);
    return { text, isError, meta: { sessionKey } };
  },
});

type Subagents = AgentSettings["defaults"]["subagents"];

/** The agent for the task: the current one, unless the owner allows others. */
function agentOf(wanted: string | undefined, run: ToolRun, { agents }: Gateway): string {
  const id = wanted === undefined ? run.agentId : normalAgentId(wanted);
  if (id === run.agentId) return id;
  const { allowAgents = [] } = agents.settings.defaults.subagents;
  if (!agents.ids().includes(id)) throw invalidRequest(`there is no agent "${id}"`);
  if (!allowAgents.includes("*") && !allowAgents.map(normalAgentId).includes(id))
    throw invalidRequest(`sub-agents of "${id}" are not allowed (agents.defaults.subagents.allowAgents)`);
  return id;
}

/** The sub-agent's conversation, as the task wants it. Throws when the model cannot be reached. */
function prepare(
  sessionKey: string,
  { model, label }: { model?: string; label: string },
  run: ToolRun,
  { sessions, models, store }: Gateway,
): void {
  const ref = model === undefined ? undefined : models.require(model).ref;
  const isFree = sessions.all.list({ label, limit: 1, includeGlobal: true }).length === 0;
  store.transaction(() =>
    sessions.patch(sessionKey, {
      spawnedBy: run.sessionKey,
      ...defined({ model: ref }),
      ...(isFree && label.trim() !== "" && { label }),
    }),
  );
}

/** The limits of a sub-agent, whatever its agent may use. */
function limitsOf({ maxDepth, tools }: Subagents, depth: number, wanted: readonly string[] | undefined): ToolLimits[] {
  const usual = ["message", "sessions_send", "cron", ...(depth >= maxDepth ? ["spawn"] : [])];
  const deny = usual.filter((name) => name === "spawn" || !tools?.allow?.includes(name));
  return [
    { because: "sub-agents do not have it", deny: [...deny, ...(tools?.deny ?? [])] },
    ...(wanted ? [{ because: "the task does not allow it", allow: wanted }] : []),
  ];
}

function depthOf({ id }: ToolRun, { agent }: Gateway): number {
  return agent.runs.record(id)?.request.depth ?? 0;
}
