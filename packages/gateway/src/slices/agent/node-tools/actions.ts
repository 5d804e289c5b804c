/** The actions of the tool: which node is asked, for what, within which time, and what becomes of the result. */
import { defined } from "../../../base/defined.ts";
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import { nameOfAgent } from "../../../kit/asked-by.ts";
import type { ToolCall, ToolResult } from "../../../kit/tool.ts";
import type { NodeShape } from "../../core/nodes/schema.ts";
import { OF_TOOL } from "./node-tools.ts";
import { keptResult } from "./result.ts";
import { runOnNode } from "./run.ts";
import { describeText, lastUsedNode, listText, shownName } from "./shown.ts";
import type { Gateway } from "./slice.ts";

/** What a model wrote, checked. */
export interface ActionParams {
  readonly action: string;
  readonly node?: string;
  readonly command?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly facing?: "front" | "back";
  readonly seconds?: number;
  readonly title?: string;
  readonly body?: string;
  readonly argv?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutSeconds?: number;
  readonly waitMinutes?: number;
}

type Call = ToolCall<ActionParams, Gateway>;

/** A command of a node as an action asks for it. */
interface Asked {
  readonly command: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
}

/** Source of the limits: the command line of January 2026. */
const SNAP_MS = 20_000;
const CLIP_MS = 90_000;
const USUAL_SECONDS = 30;
const MINUTE_MS = 60_000;

export async function act(call: Call): Promise<string | ToolResult> {
  const { params, gateway } = call;
  const now = gateway.clock.now();
  if (params.action === "list") return listText(gateway.nodes.list(), now);
  if (params.action === "describe") {
    if (params.node === undefined) throw invalidRequest("describe needs node; list shows the names");
    return describeText(gateway.nodes.find(params.node), now);
  }
  const waitMs = params.waitMinutes === undefined ? undefined : params.waitMinutes * MINUTE_MS;
  if (params.action === "run") {
    const node = chosen(call, "system.run");
    const { argv = [], cwd, env, timeoutSeconds } = params;
    return await runOnNode(node, { argv, ...defined({ cwd, env, timeoutSeconds, waitMs }) }, call);
  }
  const asked = askedOf(params);
  const node = chosen(call, asked.command);
  try {
    return await ask(node, asked, call);
  } catch (error) {
    throw withReason(error);
  }
}

/** A refusal of the gateway with its reason and its remedy, which are in its details. */
function withReason(error: unknown): unknown {
  if (!(error instanceof GatewayError) || typeof error.details?.reason !== "string") return error;
  const { reason, fix } = error.details;
  const more = typeof fix === "string" ? `${reason}; ${fix}` : reason;
  return new GatewayError(error.code, `${error.message}: ${more}`, { cause: error });
}

async function ask(node: NodeShape, asked: Asked, call: Call): Promise<ToolResult> {
  const { gateway, run, callId, signal, params } = call;
  const { nodes, workspace, clock } = gateway;
  const caller = { principal: `${OF_TOOL}${run.id}:${callId}`, scopes: new Set<string>() };
  const askedBy = nameOfAgent(run.agentId);
  const invoke = { ...asked, node: node.nodeId, idempotencyKey: callId, caller, askedBy };
  const { waitMinutes } = params;
  if (waitMinutes !== undefined) {
    const waiting = { waitMs: waitMinutes * MINUTE_MS, sessionKey: run.sessionKey, runId: run.id };
    const { queued, payload } = await nodes.once(invoke, waiting);
    if (queued)
      return { text: `${shownName(node)} is away or asleep. It does it when it can, and the result is told here.` };
    return await kept(payload);
  }
  return await kept((await nodes.invoke({ ...invoke, signal })).payload);

  function kept(payload: unknown): Promise<ToolResult> {
    const at = clock.now();
    return keptResult(payload, { files: workspace.filesFor(run), command: asked.command, node: shownName(node), at });
  }
}

function askedOf({
  action,
  command,
  params = {},
  facing = "back",
  seconds,
  timeoutSeconds,
  ...more
}: ActionParams): Asked {
  const timeoutMs = (timeoutSeconds ?? USUAL_SECONDS) * 1_000;
  switch (action) {
    case "camera_list":
      return { command: "camera.list", params: {}, timeoutMs: SNAP_MS };
    case "camera_snap":
      return { command: "camera.snap", params: { facing, maxWidth: 1_600, quality: 0.9 }, timeoutMs: SNAP_MS };
    case "camera_clip": {
      const durationMs = (seconds ?? 3) * 1_000;
      return {
        command: "camera.clip",
        params: { facing, durationMs, includeAudio: true },
        timeoutMs: CLIP_MS + durationMs,
      };
    }
    case "screen_record": {
      const durationMs = (seconds ?? 10) * 1_000;
      return { command: "screen.record", params: { durationMs, fps: 10 }, timeoutMs: CLIP_MS + durationMs };
    }
    case "location":
      return { command: "location.get", params: { timeoutMs: 10_000 }, timeoutMs: SNAP_MS };
    case "notify": {
      const { title = "Moltbot", body = "" } = more;
      if (more.title === undefined && body === "") throw invalidRequest("notify needs title or body");
      return { command: "system.notify", params: { title, body }, timeoutMs: SNAP_MS };
    }
    default:
      return { command: invoked(command), params, timeoutMs };
  }
}

/** The command of `invoke`; programs have an action of their own, which asks people. */
function invoked(command: string | undefined): string {
  const name = command?.trim() ?? "";
  if (name === "") throw invalidRequest("invoke needs command; describe shows what a node offers");
  if (name.startsWith("system.run")) throw invalidRequest("programs are run by the action run");
  return name;
}

/** The node that is named; else the only one that can do it, or the one of them that is in front. */
function chosen({ params: { node, waitMinutes }, gateway: { nodes } }: Call, command: string): NodeShape {
  if (node !== undefined) {
    const named = nodes.find(node);
    if (named.connected || waitMinutes !== undefined) return named;
    throw invalidRequest(`${shownName(named)} is away; with waitMinutes it does it when it is back`);
  }
  const able = nodes.list().filter((each) => each.connected && each.commands.includes(command));
  const one = able.length === 1 ? able[0] : lastUsedNode(able);
  if (one) return one;
  if (able.length === 0) throw invalidRequest(`no connected node offers ${command}; list shows what each offers`);
  throw invalidRequest(`several nodes offer ${command}; say which: ${able.map(shownName).join(", ")}`);
}
