/** `moltbot gateway call METHOD` — any method of the protocol, its answer as JSON. */

import { randomUUID } from "node:crypto";
import { METHODS } from "@moltbot/protocol";
import { readParams } from "../call.ts";
import { defineCommand } from "../command.ts";
import { withGateway } from "../connect.ts";

/** Calls a method and prints its answer. */
export const callMethod = defineCommand({
  summary: "Call any method and print its answer as JSON",
  positionals: [{ name: "METHOD" }],
  flags: {
    params: { kind: "text", value: "JSON", summary: "The parameters, one JSON object; - reads them from stdin" },
    "expect-final": { kind: "switch", summary: "Of a method that answers twice, wait for the second answer" },
  },
  examples: [
    "moltbot gateway call health",
    `moltbot gateway call sessions.list --params '{"limit": 5}'`,
    `moltbot gateway call agent --params '{"message": "hi", "sessionKey": "main"}' --expect-final`,
  ],
  async run(call) {
    const [method = ""] = call.words;
    const params = withKey(method, readParams(call.flags.params));
    await withGateway(call, async ({ client }) => {
      const { timeout } = call.flags;
      const answer = await client.request(method as string, params, {
        expectFinal: call.flags["expect-final"],
        ...(timeout !== undefined && { timeoutMs: timeout }),
      });
      call.out.json(answer ?? null);
    });
  },
});

/** Methods that must not happen twice want a key; a person at a terminal means a new call each time. */
function withKey(method: string, params: Record<string, unknown>): Record<string, unknown> {
  const once = Object.hasOwn(METHODS, method) && METHODS[method as keyof typeof METHODS].once;
  return once && params.idempotencyKey === undefined ? { ...params, idempotencyKey: randomUUID() } : params;
}
