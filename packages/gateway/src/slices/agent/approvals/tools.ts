/** Tools that run commands. Both are the owner's alone. */
import { Type } from "@sinclair/typebox";
import { invalidRequest } from "../../../base/errors.ts";
import { OneOf } from "../../../kit/schema/schema.ts";
import type { Tool, ToolCall } from "../../../kit/tool.ts";
import { endingText, exec, inputProblem } from "./running/exec.ts";
import type { BackgroundCommand } from "./running/processes.ts";
import { defineTool, type Gateway } from "./slice.ts";

/** The longest run of a command plus the longest wait for a person; the run's own limit applies too. */
const LIMIT_MS = 2 * 3_600_000 + 60_000;

const execTool = defineTool({
  name: "exec",
  summary:
    "Runs a shell command in the workspace and returns its output and exit code. Commands that are not on the owner's " +
    "allowlist wait until somebody allows them; keep them simple, one purpose each, so that a person can judge them.",
  audience: "owner",
  changes: true,
  timeoutMs: LIMIT_MS,
  params: {
    command: Type.String({ minLength: 1, maxLength: 20_000, description: "For bash; pipes and lists are fine." }),
    cwd: Type.Optional(
      Type.String({ maxLength: 4_096, description: "A folder of the workspace; its top by default." }),
    ),
    env: Type.Optional(
      Type.Record(Type.String({ maxLength: 128 }), Type.String({ maxLength: 10_000 }), {
        description: "Further variables.",
      }),
    ),
    timeoutSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 3_600, description: "When to end it." })),
    background: Type.Optional(Type.Boolean({ description: "Goes on while you do; look at it with the process tool." })),
  },
  run: (call) => exec(call.gateway.approvals, call.params, call),
});

const processTool = defineTool({
  name: "process",
  summary: "Commands that exec has started in the background: list them, see their output, write to them, end them.",
  audience: "owner",
  changes: true,
  timeoutMs: LIMIT_MS,
  params: {
    action: OneOf("list", "poll", "write", "kill"),
    id: Type.Optional(Type.String({ maxLength: 32, description: "As exec named it; not for list." })),
    text: Type.Optional(Type.String({ maxLength: 20_000, description: "What to write, its line break included." })),
  },
  async run(call) {
    const { params, run, gateway } = call;
    const { processes } = gateway.approvals;
    if (params.action === "list") {
      const all = processes.list(run);
      return all.length === 0 ? "Nothing runs in the background." : all.map(line).join("\n");
    }
    const entry = processes.require(params.id, run);
    if (params.action === "write") return await write(entry, params.text ?? "", call);
    if (params.action === "kill") {
      entry.running.stop("was ended by the agent");
      await entry.running.ended;
    }
    const output = gateway.approvals.redact(entry.running.output.text()).trimEnd();
    return `${output === "" ? "" : `${output}\n`}[${stateOf(entry)}]`;
  },
});

/** Input of a program can be as powerful as a command, so it is judged as one. */
async function write(entry: BackgroundCommand, text: string, call: ToolCall<unknown, Gateway>): Promise<string> {
  if (text === "") throw invalidRequest("write needs text");
  const target = `${entry.id}, which runs: ${entry.command.slice(0, 200)}`;
  const problem = await inputProblem(call.gateway.approvals, { text, target }, call);
  if (problem !== undefined) return problem;
  return entry.running.write(text) ? "Written." : `It takes no input any more [${stateOf(entry)}].`;
}

function line(entry: BackgroundCommand): string {
  return `${entry.id}: ${entry.command.replace(/\s+/g, " ").slice(0, 100)} [${stateOf(entry)}]`;
}

function stateOf({ ending, running }: BackgroundCommand): string {
  return ending ? endingText(ending) : `runs for ${Math.round(running.durationMs / 1000)} s`;
}

export const tools: readonly Tool[] = [execTool, processTool];
