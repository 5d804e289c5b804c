/** What the tests of hooks share: a gateway over a fake model whose hooks are on, and calls to it. */

import { configFor } from "../agent/support.ts";
import type { ModelServer } from "../fakes/model-server.ts";
import { type TestGateway, type TestGatewayOptions, testGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

/** The token of hooks in tests. */
export const HOOK_TOKEN = "hook-token-5f1c9a7b";

/** The config of a gateway with hooks; `more` are further settings of hooks. */
export function hooksConfig(model: ModelServer, more: object = {}, rest: object = {}): string {
  const hooks = { enabled: true, token: HOOK_TOKEN, ...more };
  return JSON.stringify({ ...JSON.parse(configFor(model)), hooks, ...rest });
}

/** Starts a gateway with hooks; the caller disposes it. */
export async function hooksGateway(
  model: ModelServer,
  more: object = {},
  options: TestGatewayOptions = {},
): Promise<TestGateway> {
  return await testGateway({ config: hooksConfig(model, more), ...options });
}

/** A call of a hook, with the token unless other headers are given. */
export interface HookCall {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

/** The status, the parsed body (or its text) and the headers of the answer. */
export async function callHook(url: string, path: string, { body, headers, method = "POST" }: HookCall = {}) {
  const sent = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { "content-type": "application/json", ...(headers ?? { authorization: `Bearer ${HOOK_TOKEN}` }) },
    ...(method !== "GET" && sent !== undefined && { body: sent as BodyInit }),
  });
  const text = await response.text();
  return { status: response.status, body: parsed(text), headers: response.headers };
}

/** What the model was asked by the run of a delivery, once the run has ended. */
export async function askedBy(runId: string, { client, model }: { client: WireClient; model: ModelServer }) {
  await client.call("agent.wait", { runId, timeoutMs: 60_000 });
  const { deliveries } = await client.call("hooks.deliveries", { limit: 500 });
  const delivery = deliveries.find((each: { runId?: string }) => each.runId === runId);
  return { delivery, ...lastAskedIn(delivery.sessionKey, model) };
}

/** Says something in the main conversation; what the model was asked then. */
export async function askedInMain(message: string, { client, model }: { client: WireClient; model: ModelServer }) {
  const runId = crypto.randomUUID();
  await client.call("chat.send", { sessionKey: "main", message, idempotencyKey: runId });
  await client.call("agent.wait", { runId, timeoutMs: 60_000 });
  return lastAskedIn("agent:main:main", model);
}

function lastAskedIn(sessionKey: string, model: ModelServer) {
  const request = model.requests.findLast(({ body }) => JSON.stringify(body).includes(`Session: ${sessionKey}.`));
  if (!request) throw new Error(`the model was not asked in ${sessionKey}`);
  return { told: JSON.stringify(request.body.messages), tools: request.body.tools };
}

/** The token beside further headers. */
export function withToken(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { authorization: `Bearer ${HOOK_TOKEN}`, ...more };
}

function parsed(text: string) {
  return text.startsWith("{") ? JSON.parse(text) : text;
}
