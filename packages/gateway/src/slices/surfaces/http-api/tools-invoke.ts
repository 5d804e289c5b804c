/** POST /tools/invoke: calls one tool as an agent's run could, with the same policies. */
import { isRecord } from "../../../base/config/config.ts";
import { newId } from "../../../base/ids.ts";
import { answerJson, Refusal } from "../../../kit/http.ts";
import type { Tool, ToolResult, ToolRun } from "../../../kit/tool.ts";
import type { Call } from "./call.ts";
import { refused } from "./exchange.ts";
import { branded } from "./target.ts";

/** Answers one request. Throws `Refusal` with what is wrong. */
export async function toolsInvoke({ gateway, headers, body, response, caller, signal }: Call): Promise<void> {
  const { agent, agents, sessions } = gateway;
  const { tool: name, args = {}, action } = body;
  if (typeof name !== "string" || name.trim() === "") throw refused(400, "tools.invoke requires body.tool");
  if (!isRecord(args)) throw refused(400, "tools.invoke requires body.args to be an object");
  const { sessionKey: spelled = "main" } = body;
  if (typeof spelled !== "string") throw refused(400, "tools.invoke requires body.sessionKey to be a string");
  const sessionKey = sessions.canonical(spelled);
  const agentId = sessions.agentOf(sessionKey);
  // An agent that is not configured has no policy.
  if (!agents.ids().includes(agentId)) throw refusedTool(404, "not_found", `There is no agent "${agentId}".`);
  const session = sessions.get(sessionKey) ?? sessions.ensure(sessionKey);
  const run: ToolRun = {
    id: newId(),
    agentId,
    sessionKey,
    sessionId: session.sessionId,
    starter: { principal: caller.principal, scopes: [...caller.scopes], name: caller.client.id },
    audience: "owner",
    ...(session.route && { deliver: session.route }),
  };
  const asked = asFrom(run, headers);
  const tools = await agent.toolbox.toolsFor(asked, signal);
  const tool = tools.find((each) => each.name === name.trim());
  if (!tool) throw refusedTool(404, "not_found", `Tool not available: ${name.slice(0, 100)}`);
  const given = withAction(tool, args, action);
  const call = { callId: `call_${newId()}`, name: tool.name, args: given, raw: JSON.stringify(given) };
  const result = await agent.toolbox.call(call, {
    // Work that the call starts is also limited by the rules of the caller's channel.
    run: { ...run, limits: agent.toolbox.limitsOf(asked) },
    ...{ tools, signal, update: () => {} },
  });
  if (result.isError) throw refusedTool(400, "tool_error", result.text);
  answerJson(response, 200, { ok: true, result: shown(result) });
}

/** The run as policies see it when the caller speaks for a channel. */
function asFrom(run: ToolRun, headers: Call["headers"]): ToolRun {
  const channel = branded(headers, "message-channel")?.toLowerCase();
  if (channel === undefined || channel === run.deliver?.channel) return run;
  const account = branded(headers, "message-account-id", "account-id") ?? "default";
  return { ...run, deliver: { channel, account, chat: { id: "" } } };
}

/** `action` is beside the arguments for tools that have one. */
function withAction({ params }: Tool, args: Readonly<Record<string, unknown>>, action: unknown) {
  const { properties } = params as { properties?: Readonly<Record<string, unknown>> };
  const isMissing = typeof action === "string" && properties?.action !== undefined && args.action === undefined;
  return isMissing ? { ...args, action } : args;
}

function shown({ text, images = [], meta }: ToolResult) {
  const pictures = images.map(({ mimeType, data }) => ({
    type: "image",
    mimeType,
    data: Buffer.from(data).toString("base64"),
  }));
  return { content: [{ type: "text", text }, ...pictures], ...(meta && { details: meta }) };
}

function refusedTool(status: number, type: string, message: string): Refusal {
  return new Refusal(status, { ok: false, error: { type, message } });
}
