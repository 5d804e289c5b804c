/** What the tests of runs share: a gateway over a fake model provider, and the events of one run. */

import type { ModelServer } from "../fakes/model-server.ts";
import { type Connected, type TestGateway, type TestGatewayOptions, testGateway } from "../support/gateway.ts";
import type { Frame, WireClient } from "../support/wire-client.ts";

/** The config of a gateway whose models are those of fake providers. */
export function configFor(
  server: ModelServer,
  more: { api?: string; defaults?: object; agents?: object } = {},
): string {
  const { api = "openai-compatible", defaults, agents } = more;
  return JSON.stringify({
    agents: { defaults: { model: "fake/fake-model", ...defaults }, ...agents },
    models: { detectLocal: false, providers: { fake: { api, baseUrl: server.baseUrl, apiKey: "fake-key-123456" } } },
  });
}

/** A gateway without a model that does not look around on this machine. */
export async function gatewayWithoutModel(options: TestGatewayOptions = {}): Promise<TestGateway> {
  return await testGateway({ config: JSON.stringify({ models: { detectLocal: false } }), ...options });
}

/** An operator who may do everything. */
export async function admin(gateway: TestGateway): Promise<Connected> {
  return await gateway.connect({ scopes: ["operator.admin"] });
}

/** The chat event that ends a run. */
export async function endOf(client: WireClient, runId: string): Promise<Frame["payload"]> {
  for (;;) {
    const { payload } = await client.nextOf("chat");
    if (payload.runId === runId && payload.state !== "delta") return payload;
  }
}

/** What the payloads of one event said of a run so far, in order. */
export function saidOf(client: WireClient, event: "agent" | "chat", runId: string): Frame["payload"][] {
  return client.frames
    .filter((frame) => frame.event === event && frame.payload.runId === runId)
    .map(({ payload }) => payload);
}

/** Sends a chat message and returns the text of its reply, or the error it ended in. */
export async function say(client: WireClient, message: string, sessionKey = "main"): Promise<string> {
  const idempotencyKey = crypto.randomUUID();
  await client.call("chat.send", { sessionKey, message, idempotencyKey });
  const { message: reply, errorMessage } = await endOf(client, idempotencyKey);
  return reply?.content[0].text ?? errorMessage ?? "";
}

/** The texts of a conversation, each with its role. */
export async function transcriptOf(client: WireClient, sessionKey = "main"): Promise<string[]> {
  const { messages } = await client.call("chat.history", { sessionKey });
  return messages.map(
    ({ role, content }: { role: string; content: { text?: string }[] }) =>
      `${role}: ${content.flatMap(({ text }) => text ?? []).join("\n\n")}`,
  );
}
