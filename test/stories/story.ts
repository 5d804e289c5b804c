/** What the stories share: a gateway over a fake model, and the moments between its turns. */
import { saidOf } from "../agent/support.ts";
import type { ModelServer, TurnScript } from "../fakes/model-server.ts";
import { unframed } from "../support/frames.ts";
import type { WireClient } from "../support/wire-client.ts";

/** One section of the config is changed as an operator does it. */
export async function patch(client: WireClient, raw: object): Promise<void> {
  const { hash } = await client.call("config.get", {});
  await client.call("config.patch", { raw: JSON.stringify(raw), baseHash: hash });
}

/** The next reply of a model, which waits until it is let go; `asked` resolves when the model has been asked for it. */
export function heldTurn(model: ModelServer, turn: Omit<TurnScript, "kind" | "hold">) {
  const { promise: hold, resolve: release } = Promise.withResolvers<void>();
  model.script({ kind: "turn", ...turn, hold });
  return { asked: model.next(), release };
}

/** Sends a message without waiting for its reply; returns the reply. */
export function ask(client: WireClient, message: string, runId: string, sessionKey = "main") {
  const sent = client.call("chat.send", { sessionKey, message, idempotencyKey: runId });
  const reply = sent.then(async () => {
    await client.call("agent.wait", { runId, timeoutMs: 60_000 });
    const { message: said, errorMessage } = saidOf(client, "chat", runId).findLast(({ state }) => state !== "delta")!;
    return (said?.content[0].text ?? errorMessage ?? "") as string;
  });
  return { sent, reply };
}

/** What the tools told the model, in the newest request. */
export function toldTo(model: ModelServer): string[] {
  const { messages } = model.requests.at(-1)!.body as { messages: { role: string; content: string }[] };
  return messages.filter(({ role }) => role === "tool").map(({ content }) => unframed(content));
}
