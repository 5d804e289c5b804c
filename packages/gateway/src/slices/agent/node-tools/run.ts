/** Runs a program on a node for a model: our rules and the node's own both hold, and people are asked where either says so. */
import { isRecord } from "../../../base/config/config.ts";
import { defined } from "../../../base/defined.ts";
import { GatewayError, ignore, invalidRequest } from "../../../base/errors.ts";
import { onAbort } from "../../../base/time/deadline.ts";
import { nameOfAgent } from "../../../kit/asked-by.ts";
import type { ToolCall, ToolResult } from "../../../kit/tool.ts";
import type { NodeShape } from "../../core/nodes/schema.ts";
import type { Outcome } from "../approvals/approvals.ts";
import { OF_TOOL } from "./node-tools.ts";
import { shownName } from "./shown.ts";
import type { Gateway } from "./slice.ts";

/** What is to run. */
export interface ProgramParams {
  readonly argv: readonly string[];
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly timeoutSeconds?: number | undefined;
  /** How long it may wait for a node that is away, ms. */
  readonly waitMs?: number | undefined;
}

type Call = ToolCall<unknown, Gateway>;

/** What the node says that it would run, and by which rules. */
interface Plan {
  readonly argv: readonly string[];
  readonly cwd: string | undefined;
  readonly security: string | undefined;
  readonly raw: Readonly<Record<string, unknown>> | undefined;
}

const SECONDS = 30;
const PREPARE_MS = 10_000;
/** The gateway waits so much longer than the program may take, ms. */
const BEYOND_MS = 5_000;
const UPDATE_CHARS = 2_000;
const NO_APPROVAL = "Do not try it in another way; tell the person what you wanted to do and why.";

export async function runOnNode(node: NodeShape, params: ProgramParams, call: Call): Promise<ToolResult> {
  const { approvals } = call.gateway;
  if (params.argv.length === 0 || params.argv[0]!.trim() === "") throw invalidRequest("run needs argv");
  const rules = approvals.rulesFor(call.run);
  if (rules.security === "deny") return refusal("It was not run: tools.exec.security is deny.");
  const plan = await planOf(node, params, call);
  if (plan.security === "deny") return refusal(`It was not run: the rules of ${shownName(node)} deny it.`);
  // A node that asks nobody by itself must not run what our own rules would have asked for.
  const isFree = rules.security === "full" && rules.ask === "off";
  const asksItself = plan.security === "allowlist" && rules.ask !== "always" && node.connected;
  if (isFree || asksItself) {
    const result = await send(node, { params, plan }, call);
    if (result !== "needs approval") return result;
  }
  const outcome = await ask(node, { params, plan }, call);
  call.signal.throwIfAborted();
  if (outcome.kind === "withdrawn") return refusal(`It was not run: ${outcome.why}.`);
  if (outcome.kind === "expired") return refusal(`It was not run: nobody allowed it in time. ${NO_APPROVAL}`);
  if (outcome.decision === "deny") return refusal(`It was not run: the owner said no. ${NO_APPROVAL}`);
  const result = await send(node, { params, plan }, call);
  return result === "needs approval" ? refusal("It was not run: the node did not take the approval.") : result;
}

/** Asks people, wherever they are; what they allow is kept for exactly this program of this call. */
async function ask(node: NodeShape, { params, plan }: Wanted, call: Call): Promise<Outcome> {
  const { approvals } = call.gateway;
  const { security, ask: asks, approvalMs } = approvals.rulesFor(call.run);
  const { agentId, sessionKey } = call.run;
  const name = shownName(node);
  const later = params.waitMs === undefined || node.connected ? [] : [`it runs when ${name} is back`];
  const request = {
    ...{ command: commandText(plan.argv), cwd: plan.cwd ?? null, host: "node", nodeId: node.nodeId },
    ...{ security, ask: asks, agentId, resolvedPath: null, sessionKey },
    ...(params.env && { env: { ...params.env } }),
    why: [`it runs on the node ${name}`, ...later],
  };
  const always = node.connected ? { remembers: true, always: `${name} keeps it, as far as its rules can` } : {};
  const waiting = approvals.ask({ request, timeoutMs: approvalMs, askedBy: principalOf(call), ...always }, call.run);
  call.update(`Waits for approval: /approve ${waiting.code}`);
  using _aborted = onAbort(call.signal, () => approvals.pending.withdraw(waiting, "the run was stopped"));
  return await waiting.outcome;
}

interface Wanted {
  readonly params: ProgramParams;
  readonly plan: Plan;
}

async function send(node: NodeShape, { params, plan }: Wanted, call: Call): Promise<ToolResult | "needs approval"> {
  const { nodes, approvals } = call.gateway;
  const { agentId, sessionKey, id: runId } = call.run;
  const timeoutMs = (params.timeoutSeconds ?? SECONDS) * 1_000;
  const asked = {
    ...{ node: node.nodeId, command: "system.run", idempotencyKey: call.callId, timeoutMs: timeoutMs + BEYOND_MS },
    caller: { principal: principalOf(call), scopes: new Set(["operator.approvals"]) },
    askedBy: nameOfAgent(agentId),
    params: {
      ...{ command: plan.argv, timeoutMs, agentId, sessionKey, runId, suppressNotifyOnExit: true },
      ...defined({ cwd: plan.cwd, env: params.env, systemRunPlan: plan.raw }),
    },
  };
  if (!node.connected && params.waitMs !== undefined) {
    nodes.keep(asked, { waitMs: params.waitMs, sessionKey, runId });
    return { text: `${shownName(node)} is away. It runs when it is back, and the result is told here.` };
  }
  let shown = "";
  const onProgress = (chunk: string) => {
    shown = `${shown}${chunk}`.slice(-UPDATE_CHARS);
    call.update(approvals.redact(shown));
  };
  try {
    const { payload } = await nodes.invoke({ ...asked, signal: call.signal, onProgress });
    return reportOf(node, payload, (text) => approvals.redact(text));
  } catch (error) {
    if (error instanceof GatewayError && error.message.includes("approval required")) return "needs approval";
    throw error;
  }
}

/** The node's own plan, where it makes one; else what was asked for. */
async function planOf(node: NodeShape, { argv, cwd }: ProgramParams, call: Call): Promise<Plan> {
  const asked: Plan = { argv, cwd, security: undefined, raw: undefined };
  if (!node.connected || !node.commands.includes("system.run.prepare")) return asked;
  const { agentId, sessionKey } = call.run;
  try {
    const { payload } = await call.gateway.nodes.invoke({
      ...{ node: node.nodeId, command: "system.run.prepare", timeoutMs: PREPARE_MS, signal: call.signal },
      ...{ idempotencyKey: `${call.callId} plan`, caller: { principal: principalOf(call), scopes: new Set<string>() } },
      params: { command: argv, agentId, sessionKey, ...defined({ cwd }) },
    });
    const { plan, execPolicy } = isRecord(payload) ? payload : {};
    if (!isRecord(plan) || !isTexts(plan.argv)) return asked;
    const security = isRecord(execPolicy) && typeof execPolicy.security === "string" ? execPolicy.security : undefined;
    const folder = typeof plan.cwd === "string" ? plan.cwd : cwd;
    return { argv: plan.argv, cwd: folder, security, raw: plan };
  } catch (error) {
    call.signal.throwIfAborted();
    if (error instanceof GatewayError && error.message.startsWith("INVALID_REQUEST")) throw error;
    ignore(error, "people are asked about the program as it was asked for");
    return asked;
  }
}

function reportOf(node: NodeShape, payload: unknown, redact: (text: string) => string): ToolResult {
  const { stdout = "", stderr = "", exitCode, timedOut, error, success } = isRecord(payload) ? payload : {};
  const output = [stdout, stderr].filter((each): each is string => typeof each === "string" && each !== "").join("\n");
  const how =
    timedOut === true
      ? "its time was up and it was ended"
      : typeof error === "string"
        ? `it could not be started: ${error}`
        : `exit code ${String(exitCode ?? "unknown")}`;
  const text = `${output.trimEnd() === "" ? "" : `${redact(output).trimEnd()}\n`}[on ${shownName(node)}: ${redact(how)}]`;
  const meta = { node: node.nodeId, ...(typeof exitCode === "number" && { exitCode }) };
  return { text, meta, isError: success !== true && typeof exitCode !== "number" };
}

/** A program and its arguments as a shell reads them; approvals are matched by this text. */
function commandText(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}

/** What is allowed for a call of the tool counts for no other. */
function principalOf({ run, callId }: Pick<Call, "run" | "callId">): string {
  return `${OF_TOOL}${run.id}:${callId}`;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function refusal(text: string): ToolResult {
  return { text, isError: true, meta: { notRun: true } };
}
