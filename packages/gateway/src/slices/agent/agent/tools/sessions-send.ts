/** `sessions_send`: sends a message to another conversation, on behalf of the run's starter. */

import { Type } from "@sinclair/typebox";
import { defined } from "../../../../base/defined.ts";
import { invalidRequest } from "../../../../base/errors.ts";
import type { ToolRun } from "../../../../kit/tool.ts";
import { answerOf } from "../delegations/delegation-text.ts";
import { defineTool, type Gateway } from "../slice.ts";

const USUAL_WAIT_S = 30;
const MAX_WAIT_S = 600;

export const sessionsSend = defineTool({
  name: "sessions_send",
  summary:
    "Says something in another conversation, whose agent answers it. You get the answer; if it takes longer than you " +
    "wait, it is told here when it is there.",
  audience: "owner",
  changes: true,
  isRepeatable: true,
  timeoutMs: (MAX_WAIT_S + 10) * 1_000,
  params: {
    sessionKey: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: "As sessions_list names it." })),
    label: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: "Its label instead of its key." })),
    message: Type.String({ minLength: 1, maxLength: 100_000 }),
    waitSeconds: Type.Optional(
      Type.Integer({ minimum: 0, maximum: MAX_WAIT_S, description: `${USUAL_WAIT_S}; 0 does not wait.` }),
    ),
  },
  async run({ params, gateway, run, callId, signal }) {
    const { agent, agents } = gateway;
    const { message, waitSeconds = USUAL_WAIT_S } = params;
    const { delegations } = agent;
    const sessionKey = targetOf(params, gateway);
    const known = agent.runs.known(delegations.idOf("send", run, callId));
    if (!known) requireSendable(sessionKey, run, gateway);
    const runId = delegations.start({
      ...{ kind: "send", parent: run, callId, sessionKey, message, label: sessionKey },
      request: {
        timeoutMs: agents.settings.defaults.timeoutSeconds * 1_000,
        depth: agent.runs.record(run.id)?.request.depth,
        hops: hopsOf(run, gateway) + 1,
        extraSystemPrompt: "This message comes from the agent of another conversation, which gets your answer.",
      },
      isAnnounced: waitSeconds === 0,
    });
    if (waitSeconds === 0) return `Said to ${sessionKey}; its answer is told here when it is there.`;
    const result = await delegations.wait(runId, run, { signal, limitMs: waitSeconds * 1_000, isOwn: false });
    if (!result) {
      delegations.announce(runId);
      return `${sessionKey} has not answered within ${waitSeconds} s and goes on; its answer is told here when it is there.`;
    }
    const { text, isError } = answerOf(result);
    return { text, isError };
  },
});

/** The target conversation. Throws `INVALID_REQUEST` when there is none. */
function targetOf(
  { sessionKey, label }: { sessionKey?: string; label?: string },
  { agents, sessions }: Gateway,
): string {
  const key = sessionKey === undefined ? undefined : sessions.canonical(sessionKey);
  // An agent without a conversation can be addressed too.
  if (key !== undefined && agents.ids().some((agentId) => sessions.mainKey(agentId) === key)) return key;
  return sessions.all.resolve({
    ...defined({ key: sessionKey, label }),
  }).key;
}

function requireSendable(sessionKey: string, run: ToolRun, gateway: Gateway): void {
  const { sessions, agent } = gateway;
  if (sessionKey === run.sessionKey) throw invalidRequest("that is this conversation; just answer");
  if (sessions.get(sessionKey)?.levels.sendPolicy === "deny") throw invalidRequest("send blocked by session policy");
  const most = sessions.settings.agentToAgent.maxPingPongTurns;
  if (hopsOf(run, gateway) >= most || agent.delegations.count("send", run.id, sessionKey) >= most)
    throw invalidRequest(
      `the agents have written to each other ${most} times (session.agentToAgent.maxPingPongTurns); tell the person instead`,
    );
}

/** The number of conversations that a message has passed through. */
function hopsOf({ id }: ToolRun, { agent }: Gateway): number {
  return agent.runs.record(id)?.request.hops ?? 0;
}
