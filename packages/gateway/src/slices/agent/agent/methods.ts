/** The methods of the agent: run it, wait for it, and ask who and what it is. */
import { Type } from "@sinclair/typebox";
import { defined } from "../../../base/defined.ts";
import {
  DurationMs,
  Id,
  IdempotencyKey,
  Ignored,
  MAX_NUMBER,
  Millis,
  NonEmpty,
  Nullable,
  OneOf,
  SessionKey,
} from "../../../kit/schema/schema.ts";
import {
  AgentSummary,
  AgentSummaryV3,
  Attachments,
  CommandEntry,
  CommandEntryV3,
  MessageText,
  RunReport,
  RunStatus,
  ToolEntry,
} from "./schema.ts";
import { defineMethod, type Gateway } from "./slice.ts";

const Text = Type.Optional(Type.String({ maxLength: 512 }));

/** The agent itself joins duplicates, also after a restart; so this method is not `once`. */
export const run = defineMethod({
  name: "agent",
  summary: "Runs one agent turn; answers when it is accepted and again when it is over.",
  access: "operator.write",
  params: {
    message: Type.String({ ...MessageText, minLength: 1 }),
    agentId: Type.Optional(Id),
    to: Text,
    replyTo: Text,
    sessionId: Text,
    sessionKey: Type.Optional(Type.String({ maxLength: 512 })),
    thinking: Text,
    deliver: Type.Optional(Type.Boolean()),
    attachments: Type.Optional(Attachments),
    channel: Text,
    replyChannel: Text,
    accountId: Text,
    replyAccountId: Text,
    threadId: Text,
    groupId: Text,
    groupChannel: Text,
    groupSpace: Text,
    timeout: Type.Optional(
      Type.Integer({ minimum: 0, maximum: MAX_NUMBER, description: "Seconds; 0 is as long as a run can take." }),
    ),
    lane: Text,
    extraSystemPrompt: Type.Optional(Type.String({ maxLength: 100_000 })),
    idempotencyKey: IdempotencyKey,
    label: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    spawnedBy: Text,
  },
  ack: Type.Object({
    runId: NonEmpty,
    status: Type.Literal("accepted"),
    acceptedAt: Millis,
    agentId: Type.Optional({ ...NonEmpty, description: "Who answers. Protocol 4 only." }),
  }),
  result: Type.Object({ runId: NonEmpty, status: RunStatus, summary: Type.String(), result: RunReport }),
  async handler({ params, gateway, caller, ack, signal }) {
    const runId = params.idempotencyKey;
    const accepted = gateway.agent.request(await gateway.agent.withFiles(params, signal), caller);
    const sessionKey = caller.protocol === 4 ? gateway.agent.runs.sessionKeyOf(runId) : undefined;
    const agentId = sessionKey ? gateway.sessions.agentOf(sessionKey) : undefined;
    ack({ runId, status: "accepted", acceptedAt: accepted.acceptedAt, ...defined({ agentId }) });
    return gateway.agent.report(runId, await accepted.finished);
  },
});

export const wait = defineMethod({
  name: "agent.wait",
  summary: "Waits until a run has ended; says timeout when it has not, or is not known.",
  access: "operator.write",
  params: { runId: Id, timeoutMs: Type.Optional(DurationMs) },
  result: Type.Object({
    runId: NonEmpty,
    status: OneOf("ok", "error", "timeout"),
    startedAt: Type.Optional(Millis),
    endedAt: Type.Optional(Millis),
    error: Type.Optional(Type.String()),
  }),
  handler: ({ params, gateway, signal }) => gateway.agent.wait(params.runId, params.timeoutMs ?? 30_000, signal),
});

export const identity = defineMethod({
  name: "agent.identity.get",
  summary: "How an agent is called and shown.",
  access: "operator.read",
  params: { agentId: Type.Optional(Id), sessionKey: Type.Optional(Type.String({ maxLength: 512 })) },
  result: Type.Object({ agentId: NonEmpty, name: Type.Optional(NonEmpty), avatar: Type.Optional(NonEmpty) }),
  handler({ params, gateway }) {
    const agentId = gateway.agent.requireIdentity(params);
    return { agentId, ...gateway.agents.identity(agentId) };
  },
});

const Size = { chars: Type.Integer({ minimum: 0 }), tokens: Type.Integer({ minimum: 0, description: "Roughly." }) };

export const prompt = defineMethod({
  name: "agent.prompt",
  summary: "What goes into the system prompt of a run that the caller would start now, and how large it is.",
  access: "operator.admin",
  params: {
    agentId: Type.Optional(Id),
    sessionKey: Type.Optional(Type.String({ maxLength: 512 })),
    full: Type.Optional(Type.Boolean({ description: "With the texts." })),
  },
  result: Type.Object({
    agentId: NonEmpty,
    sessionKey: NonEmpty,
    sections: Type.Array(
      Type.Object({
        name: NonEmpty,
        source: NonEmpty,
        ...Size,
        cut: Type.Boolean(),
        problem: Type.Optional(Type.String()),
        text: Type.Optional(Type.String()),
      }),
    ),
    tools: Type.Array(Type.Object({ name: NonEmpty, chars: Type.Integer({ minimum: 0 }) })),
    totals: Type.Object({
      prompt: Type.Object(Size),
      tools: Type.Object(Size),
      contextWindow: Nullable(Type.Integer({ minimum: 1 })),
    }),
  }),
  handler: ({ params, gateway, caller, signal }) =>
    gateway.agent.promptReport(params, { caller, full: params.full ?? false, signal }),
});

const agentsHead = { defaultId: NonEmpty, mainKey: NonEmpty, scope: OneOf("per-sender", "global") };

export const agentsList = defineMethod({
  name: "agents.list",
  summary: "The configured agents.",
  access: "operator.read",
  params: {},
  result: Type.Object({ ...agentsHead, agents: Type.Array(AgentSummaryV3) }),
  handler: ({ gateway }) => agentList(gateway),
  four: {
    result: Type.Object({ ...agentsHead, agents: Type.Array(AgentSummary) }),
    handler: ({ gateway }) => laterAgentList(gateway),
  },
});

export const commandsList = defineMethod({
  name: "commands.list",
  summary: "The slash commands that the caller may type in a conversation, with words that may follow each.",
  access: "operator.read",
  params: { sessionKey: Type.Optional(SessionKey) },
  result: Type.Object({ commands: Type.Array(CommandEntryV3) }),
  handler: ({ params, gateway, caller }) => ({ commands: gateway.agent.commandEntries(params.sessionKey, caller) }),
  four: {
    params: { agentId: Type.Optional(Id), scope: Ignored, includeArgs: Ignored },
    result: Type.Object({ commands: Type.Array(CommandEntry) }),
    handler({ params: { sessionKey, agentId }, gateway: { agent, sessions }, caller }) {
      const key = sessions.keyOf(sessionKey ?? sessions.mainKey(agentId), agentId);
      return { commands: agent.laterCommandEntries(key, caller) };
    },
  },
});

export const toolsList = defineMethod({
  name: "tools.list",
  summary: "The tools, and whether a model may use each when the caller speaks to it in a conversation.",
  access: "operator.read",
  params: { sessionKey: Type.Optional(SessionKey) },
  result: Type.Object({ tools: Type.Array(ToolEntry) }),
  handler: async ({ params, gateway, caller, signal }) => ({
    tools: await gateway.agent.toolEntries(params.sessionKey, caller, signal),
  }),
});

export const compactionRun = defineMethod({
  name: "sessions.compaction.run",
  summary: "Lets the model sum up the older part of a conversation; the transcript keeps everything.",
  access: "operator.write",
  params: {
    key: SessionKey,
    instructions: Type.Optional(Type.String({ maxLength: 4_000, description: "What to keep in mind." })),
  },
  result: Type.Object({
    ok: Type.Literal(true),
    key: NonEmpty,
    compacted: Type.Boolean(),
    reason: Type.Optional(NonEmpty),
    messageId: Type.Optional(NonEmpty),
    messages: Type.Optional(Type.Integer({ minimum: 1, description: "How many the summary stands for." })),
    tokensBefore: Type.Optional(Type.Integer({ minimum: 0 })),
    tokensAfter: Type.Optional(Type.Integer({ minimum: 0 })),
  }),
  async handler({ params: { key: spelled, instructions }, gateway, signal }) {
    const key = gateway.sessions.canonical(spelled);
    const result = await gateway.agent.compact({ sessionKey: key, instructions, signal });
    if (result.kind === "nothing") return { ok: true as const, key, compacted: false, reason: result.why };
    const { kind: _kind, ...done } = result;
    return { ok: true as const, key, compacted: true, ...done };
  },
});

export const compactionUndo = defineMethod({
  name: "sessions.compaction.undo",
  summary: "Takes the newest summary of a conversation back; the model sees again what it stood for.",
  access: "operator.write",
  params: { key: SessionKey },
  result: Type.Object({ ok: Type.Literal(true), key: NonEmpty, undone: Type.Boolean() }),
  handler({ params, gateway }) {
    const key = gateway.sessions.canonical(params.key);
    return { ok: true as const, key, undone: gateway.agent.compaction.undo(key) };
  },
});

function agentList({ agents, sessions }: Gateway) {
  const { scope, mainKey, defaultAgentId } = sessions.defaults;
  return { defaultId: defaultAgentId, mainKey, scope, agents: agents.list() };
}

/** For clients of protocol 4: each agent with the model that answers. */
function laterAgentList(gateway: Gateway) {
  const { models, sessions } = gateway;
  const { agents, ...rest } = agentList(gateway);
  const laterAgents = agents.map((agent) => {
    const key = sessions.mainKey(agent.id);
    const primary = models.chosen.modelNameOf(key);
    const fallbacks = models.chosen.fallbacksOf(key).map(({ ref }) => ref);
    return { ...agent, kind: "agent" as const, ...(primary !== undefined && { model: { primary, fallbacks } }) };
  });
  return { ...rest, agents: laterAgents };
}
