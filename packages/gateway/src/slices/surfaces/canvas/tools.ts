/** `canvas`: what an agent shows on a canvas: pages of its own, and screens of A2UI. */

import { type Static, type TObject, Type } from "@sinclair/typebox";
import { defined } from "../../../base/defined.ts";
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import { nameOfAgent } from "../../../kit/asked-by.ts";
import { OneOf } from "../../../kit/schema/schema.ts";
import type { Tool, ToolCall, ToolResult } from "../../../kit/tool.ts";
import { defineTool, type Gateway } from "./slice.ts";

const MAX_SCRIPT_CHARS = 64 * 1024;
const MAX_JSONL_CHARS = 1024 * 1024;
/** A phone may have to wake its page; ms. */
const TIMEOUT_MS = 20_000;
const MAX_PICTURE_BYTES = 8 * 1024 * 1024;

const params = {
  action: OneOf("present", "hide", "navigate", "eval", "snapshot", "a2ui_push", "a2ui_reset"),
  node: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 256,
      description:
        "A node by id or name. Without it, screens go to this conversation's canvas and to all nodes that draw.",
    }),
  ),
  url: Type.Optional(
    Type.String({
      maxLength: 2_048,
      description:
        'For present and navigate: a file in your folder canvas/, such as "index.html", or an http(s) address.',
    }),
  ),
  javaScript: Type.Optional(
    Type.String({
      maxLength: MAX_SCRIPT_CHARS,
      description: "For eval: what the page on a node runs; you get its result.",
    }),
  ),
  jsonl: Type.Optional(
    Type.String({
      maxLength: MAX_JSONL_CHARS,
      description: "For a2ui_push: A2UI 0.8, 0.9 or 1.0, one message a line.",
    }),
  ),
  format: Type.Optional({ ...OneOf("png", "jpeg"), description: "For snapshot." }),
  maxWidth: Type.Optional(Type.Integer({ minimum: 16, maximum: 4_096, description: "For snapshot, in pixels." })),
};

type Call = ToolCall<Static<TObject<typeof params>>, Gateway>;

const canvas = defineTool({
  name: "canvas",
  summary:
    "Shows pages and screens to people. Write pages into your folder canvas/ with your file tools; they are shown again by " +
    "themselves when you change them. a2ui_push draws a screen with buttons; what is pressed comes to this conversation. " +
    "hide, navigate, eval and snapshot work on a node.",
  audience: "owner",
  changes: true,
  params,
  timeoutMs: 60_000,
  run: async (call) => {
    if (!call.gateway.canvas.enabled)
      throw new GatewayError("UNAVAILABLE", "the canvas is off; ask your owner to set canvasHost.enabled to true");
    return await ACTIONS[call.params.action](call);
  },
});

export const tools: readonly Tool[] = [canvas];

const ACTIONS: Readonly<Record<Call["params"]["action"], (call: Call) => Promise<string | ToolResult>>> = {
  async present(call) {
    const { gateway, params, run } = call;
    if (params.node !== undefined) return await onNode(call, "canvas.present", defined({ url: addressFor(call) }));
    gateway.canvas.drawing.present(run.sessionKey, params.url);
    return "It is shown beside this conversation, where a page of it is open.";
  },
  async hide(call) {
    const { gateway, params, run } = call;
    if (params.node !== undefined) return await onNode(call, "canvas.hide", {});
    gateway.canvas.drawing.hide(run.sessionKey);
    return "It is hidden beside this conversation.";
  },
  async navigate(call) {
    if (call.params.url === undefined) throw invalidRequest("navigate needs url");
    return await onNode(call, "canvas.navigate", { url: addressFor(call) });
  },
  async eval(call) {
    if (call.params.javaScript === undefined) throw invalidRequest("eval needs javaScript");
    return await onNode(call, "canvas.eval", { javaScript: call.params.javaScript });
  },
  async snapshot(call) {
    const { format = "jpeg", maxWidth } = call.params;
    const payload = await invoke(call, "canvas.snapshot", { format, ...defined({ maxWidth }) });
    return pictureOf(payload);
  },
  async a2ui_push(call) {
    const { gateway, params } = call;
    if (params.jsonl === undefined) throw invalidRequest("a2ui_push needs jsonl, one A2UI message a line");
    const done = await gateway.canvas.drawing.push(onScreenOf(call), { jsonl: params.jsonl });
    const shows = done.surfaces.length === 0 ? "nothing" : done.surfaces.join(", ");
    return [`Drawn; the screen shows ${shows}.`, ...done.nodes.map(saidOf)].join("\n");
  },
  async a2ui_reset(call) {
    const { nodes } = await call.gateway.canvas.drawing.reset(onScreenOf(call));
    return ["The screen is empty.", ...nodes.map(saidOf)].join("\n");
  },
};

function onScreenOf({ run, params }: Call) {
  return {
    sessionKey: run.sessionKey,
    node: params.node,
    author: "agent",
    rights: rightsOf(run),
    askedBy: nameOfAgent(run.agentId),
  } as const;
}

function rightsOf({ starter }: Call["run"]) {
  return { principal: starter.principal, scopes: new Set(starter.scopes) };
}

function saidOf({ nodeId, ok, error }: { nodeId: string; ok: boolean; error?: string | undefined }): string {
  return ok ? `The node ${nodeId} shows it.` : `The node ${nodeId} does not show it: ${error}.`;
}

/** Where a node finds a page: an address of its own for files of the canvas. */
function addressFor({ gateway, run, params: { url, node = "" } }: Call): string | undefined {
  if (url === undefined || url === "" || url === "/") return url;
  if (/^https?:\/\//i.test(url)) return url;
  if (/^[a-z][a-z0-9+.-]*:/i.test(url))
    throw invalidRequest('url is a file in your folder canvas/, such as "index.html", or an http(s) address');
  const path = url.replace(/^\/?(?:canvas\/)?/, "");
  return gateway.canvas.addresses.onNode(gateway.nodes.find(node).nodeId, path, run.sessionKey);
}

async function onNode(call: Call, command: string, given: object): Promise<string> {
  const payload = await invoke(call, command, given);
  if (command !== "canvas.eval") return "Done.";
  const { result } = (payload ?? {}) as { result?: unknown };
  return typeof result === "string" ? result : (JSON.stringify(result ?? payload) ?? "");
}

async function invoke(call: Call, command: string, given: object): Promise<unknown> {
  const { gateway, params, run, callId, signal } = call;
  const node = params.node ?? onlyNode(gateway, command);
  const { payload } = await gateway.nodes.invoke({
    ...{ node, command, params: given, timeoutMs: TIMEOUT_MS, idempotencyKey: callId, signal, caller: rightsOf(run) },
    askedBy: nameOfAgent(run.agentId),
  });
  return payload;
}

/** The only node that can do it. Throws `INVALID_REQUEST` when there are none or several. */
function onlyNode(gateway: Gateway, command: string): string {
  const able = gateway.nodes.list().filter(({ connected, commands }) => connected && commands.includes(command));
  if (able.length === 1) return able[0]!.nodeId;
  const names = able.map(({ displayName, nodeId }) => displayName ?? nodeId).join(", ");
  throw invalidRequest(able.length === 0 ? `no node that is connected offers ${command}` : `say which node: ${names}`);
}

function pictureOf(payload: unknown): ToolResult {
  const { format, base64 } = (payload ?? {}) as { format?: unknown; base64?: unknown };
  if (typeof base64 !== "string") throw new GatewayError("UNAVAILABLE", "the node sent no picture");
  const data = Buffer.from(base64, "base64");
  if (data.length > MAX_PICTURE_BYTES)
    throw new GatewayError("UNAVAILABLE", "the picture is too large; ask for a smaller maxWidth");
  const mimeType = format === "png" ? "image/png" : "image/jpeg";
  return { text: `A picture of the canvas (${data.length} bytes).`, images: [{ mimeType, data }] };
}
