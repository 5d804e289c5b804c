/** What nodes do for agents, when it is told later: results of calls that waited, and programs that ended. */
import type { Base } from "../../../kit/base.ts";
import { named } from "../../../kit/text/one-line.ts";
import type { CallRow, Invoke, LiveNode, Nodes, ReportObserver, ResultReporter } from "../../core/nodes/nodes.ts";
import type { Notices } from "../../core/notices/notices.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import type { Agent } from "../agent/agent.ts";
import type { RunRequest } from "../agent/run/run-store.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { keptResult } from "./result.ts";
import { shownName } from "./shown.ts";

interface NodeToolsServices extends Base {
  readonly nodes: Pick<Nodes, "list">;
  readonly sessions: Sessions;
  readonly notices: Notices;
  readonly workspace: Workspace;
  readonly agent: Agent;
}

/** Calls of the tool have a principal that begins so: their results are the tool's answer. */
export const OF_TOOL = "errand:";
const MAX_RESULT_CHARS = 20_000;
const MAX_OUTPUT_CHARS = 4_000;
/** For calls of operators: they had write scope. */
const OF_OPERATOR: RunRequest = {
  ...{ message: "", timeoutMs: 10 * 60_000, starter: { scopes: ["operator.write"], name: "node.invoke" } },
};

/** For runs that nobody knows any more: they have no rights left. */
const OF_NOBODY: RunRequest = { ...OF_OPERATOR, starter: { scopes: [], name: "node" } };

export class NodeTools implements ResultReporter, ReportObserver {
  readonly #services: NodeToolsServices;

  constructor(services: NodeToolsServices) {
    this.#services = services;
  }

  async textOf({ command, nodeId, sessionKey = "" }: CallRow, payload: unknown): Promise<string> {
    const { sessions, workspace, clock } = this.#services;
    const files = workspace.filesOf(sessions.agentOf(sessions.canonical(sessionKey)));
    const { text } = await keptResult(payload, { files, command, node: this.#nameOf(nodeId), at: clock.now() });
    return text.slice(0, MAX_RESULT_CHARS).toWellFormed();
  }

  /** Tells the conversation by a run of its own, once: its id is taken then. */
  tell(call: CallRow): void {
    const { agent, sessions } = this.#services;
    const sessionKey = sessions.canonical(call.sessionKey ?? "");
    const id = `told-${call.id}`;
    // A deleted conversation is not created again for it.
    if (sessions.get(sessionKey) === undefined || agent.runs.known(id)) return;
    const asking = call.runId === undefined ? undefined : agent.runs.record(call.runId);
    const { starter, timeoutMs, spelledKey, deliver, limits, execRules, isOverheard, depth, hops } =
      asking?.request ?? (call.runId === undefined ? OF_OPERATOR : OF_NOBODY);
    const name = this.#nameOf(call.nodeId);
    const how = call.state === "done" ? "has done" : "has not done";
    const message =
      `The node “${named(name)}” ${how} what was asked of it before: ${named(call.command)}. Tell the person what ` +
      "matters of it, in your own words; if there is nothing to tell, answer NO_REPLY.";
    const answer = call.state === "done" ? (call.answer ?? call.error) : call.error;
    agent.runs.accept({
      ...{ id, source: "tool", principal: asking?.principal ?? call.principal, sessionKey },
      request: { starter, timeoutMs, spelledKey, deliver, limits, execRules, isOverheard, depth, hops, message },
      content: [
        { type: "text", text: message, from: { kind: "gateway" } },
        { type: "text", text: answer ?? "Nothing was said.", from: { kind: "answer", id: `node:${name}` } },
      ],
    });
  }

  /** Leaves the end of a program that an operator started for a conversation; its next turn sees it. */
  reported({ caller: { deviceId } }: LiveNode, { caller, params }: Invoke, { event, said }: Report): void {
    const { sessions, notices } = this.#services;
    const { sessionKey: key } = params as { sessionKey?: unknown };
    if (typeof key !== "string" || event === "exec.started" || caller.principal.startsWith(OF_TOOL)) return;
    const sessionKey = sessions.canonical(key);
    if (sessions.get(sessionKey) === undefined) return;
    const { command, exitCode, timedOut, reason, output } = said;
    const code = timedOut === true ? "timeout" : `code ${String(exitCode ?? "none")}`;
    const how = event === "exec.finished" ? `finished (${code})` : `denied (${String(reason ?? "no reason")})`;
    const words = [`Exec ${how}: ${String(command ?? "")}`, typeof output === "string" ? output : ""];
    const text = words.filter(Boolean).join("\n").slice(0, MAX_OUTPUT_CHARS).toWellFormed();
    notices.add(sessionKey, { text, from: { kind: "event", id: `node:${this.#nameOf(deviceId)}` } });
  }

  #nameOf(nodeId: string): string {
    return shownName(this.#services.nodes.list().find((node) => node.nodeId === nodeId) ?? { nodeId });
  }
}

type Report = Parameters<ReportObserver["reported"]>[2];
